"""Virtual USB card readers: what answers on a socket in place of a bus."""
