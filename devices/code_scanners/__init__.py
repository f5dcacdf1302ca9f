"""Bar codes and QR codes: from a hand scanner on a serial line, or out of camera pictures."""
