"""A running gateway, asked from the command line."""
