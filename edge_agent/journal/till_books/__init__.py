"""The checkout as the journal keeps it: quotes, coupons, books of sales, points that wait."""
