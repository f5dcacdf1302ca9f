"""What the gateway serves over HTTP: pages, figures, and the gate before them."""
