"""Every virtual thing of a store that can fail, by the name it has in the store, and the ways in which it can."""
