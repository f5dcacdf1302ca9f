"""Where members stand: purchases, tiers, types, what is due to them, and referrals that paid."""
