"""Every screen in the store, and the design system that all pages of Regulars share."""
