"""Virtual things on the store's MQTT bus: each connects to a real broker by itself and says what such a thing says."""
