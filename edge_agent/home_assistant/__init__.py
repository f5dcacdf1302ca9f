"""The store as Home Assistant sees it: announced by MQTT discovery, kept current, and listened to for one thing.

Not essential: a broker that is dead, slow or hostile changes nothing in the store.
"""
