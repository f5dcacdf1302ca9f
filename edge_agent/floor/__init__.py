"""The shop floor: what its sensors say, walked through the stations, and what follows from it."""
