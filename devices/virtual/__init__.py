"""Virtual hardware that speaks the wire: the driver under it is the production driver, unmodified."""
