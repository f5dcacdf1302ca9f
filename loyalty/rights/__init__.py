"""Redemption that cannot overspend while the store is offline: escrow over a bounded counter.

The cloud leases part of a member's points (or a coupon, a counter of one) to a gateway; the gateway redeems only
against what it was leased or has credited itself. One account per member and currency; nothing here knows a clock.

* :mod:`loyalty.rights.wallet`: the gateway's side, what a member can use here and now.
* :mod:`loyalty.rights.account`: the cloud's side, where every point is: available, leased, or in suspense.
* :mod:`loyalty.rights.standing`: which incarnation of a gateway the cloud deals with.
* :mod:`loyalty.rights.losses`: what the merchant bears when a gateway is gone.
* :mod:`loyalty.rights.sizing`: how much a gateway is leased.
* :mod:`loyalty.rights.invariants`: what must hold at every instant, as functions.
"""
