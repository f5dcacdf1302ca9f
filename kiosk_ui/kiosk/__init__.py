"""The screens on the counter: what a member sees and touches."""
