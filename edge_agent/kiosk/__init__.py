"""Members at the kiosk: whose visit it is, what they may see, and what they hand in."""
