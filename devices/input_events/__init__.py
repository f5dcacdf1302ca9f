"""Devices that pretend to be keyboards: what the kernel says of their keys, turned back into what they read."""
