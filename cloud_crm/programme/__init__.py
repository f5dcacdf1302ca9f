"""The loyalty programme in force, and those before it."""
