"""Points as they land: lots in the order they were earned, sales and what refunds make of them, the turn of days."""
