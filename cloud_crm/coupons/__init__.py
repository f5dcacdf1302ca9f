"""Coupons as things: each instance is one right to one discount, issued within budgets, used once."""
