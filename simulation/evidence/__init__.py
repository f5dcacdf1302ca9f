"""What a run came to, measured from outside: screens seen, books read at both ends, a report."""
