"""Everything the stores recorded, as received."""
