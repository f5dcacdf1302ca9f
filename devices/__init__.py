"""Hardware: what it saw, how to reach it, and virtual twins that speak the same wire."""
