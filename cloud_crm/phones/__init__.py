"""A member's phone as their card: the page that holds the key, and what draws its codes."""
