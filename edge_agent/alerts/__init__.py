"""What staff should look at: raised, claimed, snoozed, escalated, resolved, and told to them."""
