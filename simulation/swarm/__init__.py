"""A swarm of short, seeded histories that look for a way to spend points twice.

Each history is a handful of stores, a network that loses, repeats and overtakes, disks that are rolled back or copied,
gateways that die and come back, and members who try to use everything they have. The production rules of
:mod:`loyalty.rights` decide; the invariants are checked after every step. A history is replayed by its seed and number.
"""
