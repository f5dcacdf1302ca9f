"""A whole store and its cloud on one machine: the demo, and the ground of the story tests.

Nothing here replaces a production part. The virtual hardware speaks the wire of the real one, the
gateway, the broker and the cloud are the programs that are installed in a shop.
"""
