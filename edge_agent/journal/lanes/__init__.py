"""Events in their lanes: places and hash chains, appending, the outbox, and what happens when rows are lost."""
