"""What a basket costs and may redeem, held for the till until it says that it was paid."""
