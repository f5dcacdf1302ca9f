"""Doors, motion, beams and temperature: sensors that are wired to the board itself."""
