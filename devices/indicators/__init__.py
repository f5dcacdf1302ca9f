"""What shows: lamps, buzzers, relays."""
