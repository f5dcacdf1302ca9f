"""The store in Home Assistant: its gateway, sensors, stock and alerts."""
