"""The shop floors as their stores tell them: what each shelf holds, what staff are called for, what does not add up."""
