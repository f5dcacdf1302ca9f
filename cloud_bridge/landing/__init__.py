"""The cloud side of the wire: bytes → :mod:`.batches` → :mod:`.sequencing` → :mod:`.store`, run by :mod:`.service`."""
