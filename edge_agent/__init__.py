"""The store's program: from what hardware saw to what was decided, shown and sent."""
