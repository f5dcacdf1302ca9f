"""The pins of the board, reached through gpiozero: which library, what is wrong with it, and time as pins see it."""
