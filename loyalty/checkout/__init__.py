"""What a member pays: offers by member type, coupons, and the price explained line by line."""
