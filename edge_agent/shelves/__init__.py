"""Which articles stand where, and how many are left: weight, sales and cameras made one estimate."""
