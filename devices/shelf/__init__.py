"""Shelves that weigh what lies on them."""
