"""Points: double-entry postings, posted once, summed into balances."""
