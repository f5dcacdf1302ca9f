"""Members and the media they show: who may be greeted, and with what."""
