"""Cards that prove themselves, and what becomes of those that do not."""
