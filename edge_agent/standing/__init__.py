"""How the store stands: gathered for staff, cloud and Prometheus, and told to the kiosks."""
