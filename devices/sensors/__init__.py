"""Sensors on the store's bus, in whatever dialect they speak: parsers without I/O, and one driver over them."""
