"""Rights in the store: what may be redeemed here, also offline, and how the gateway answers the cloud about it.

* :mod:`edge_agent.rights.desk`: every step that moves rights, for decisions and quotes.
* :mod:`edge_agent.rights.replies`: what the cloud grants, recalls and asks to be undone.
* :mod:`edge_agent.rights.standing`: whether this incarnation may redeem at all.
* :mod:`edge_agent.rights.attestor`: telling the witness, before a commit and after it.
* :mod:`edge_agent.rights.witness`: the proof, on other storage, that the journal is not an old copy.
"""

from edge_agent.rights.desk import Attest, HeldCoupon, RightsDesk, coupon_currency

__all__ = ["Attest", "HeldCoupon", "RightsDesk", "coupon_currency"]
