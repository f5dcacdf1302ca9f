"""A member's points: lots, what fills and empties them, and the tier that earning leads to."""
