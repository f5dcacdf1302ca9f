"""What shoppers do: a seeded store day, or a real shop's transactions, as turns at the counter."""
