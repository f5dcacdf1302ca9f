"""NXP's NTAG 424 DNA: cards that prove themselves. Bytes in, values out; no reader, no clock, no key on disk."""
