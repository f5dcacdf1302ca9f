"""The ``regulars`` command: run a store, look into it, install it. It may know every other room."""
