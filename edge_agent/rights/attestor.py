"""Telling the witness: before rights leave a wallet that they will, and after the commit that they did."""

from __future__ import annotations

import threading
from dataclasses import replace

import structlog

from edge_agent.journal import Transaction
from edge_agent.rights.witness import Witnessed, WitnessFile

log = structlog.get_logger(__name__)


class Attestor:
    """Tells the witness before rights leave a wallet. Without a witness it has nothing to tell.

    Used by the journal's writer and, to confirm, by another thread.
    """

    def __init__(self, witness: WitnessFile | None, gateway_id: str) -> None:
        self._witness = witness
        self._gateway_id = gateway_id
        self._told: Witnessed | None = None
        self._turn = threading.Lock()
        self.trouble = ""
        """Why nothing can be redeemed although the cloud allows it; empty: nothing is wrong."""

    def __call__(self, tx: Transaction) -> bool:
        """Attest what this unit of work is about to write; False: nothing may leave a wallet."""
        durable, head = tx.ledger_heads()
        with self._turn:
            if self._is_full(tx):
                return False
            told = self._told
            is_told = told is not None and durable < told.sequence <= head + 1 and told.before == durable
            if is_told and told is not None and told.incarnation == tx.lease():
                return True  # rows of one commit are all there or none is
            return self._tell(Witnessed(self._gateway_id, tx.lease(), before=durable, sequence=head + 1))

    def at_rest(self, tx: Transaction) -> bool:
        """Attest the journal as it is: whatever left a wallet is in it."""
        durable, _ = tx.ledger_heads()
        with self._turn:
            if self._is_full(tx):
                return False
            return self._tell(Witnessed(self._gateway_id, tx.lease(), before=durable, sequence=durable))

    def is_waiting(self, incarnation: str, durable: int) -> bool:
        """Whether something attested has been committed by now and the witness has not been told that."""
        told = self._told
        return told is not None and told.incarnation == incarnation and told.before < told.sequence <= durable

    def confirm(self, incarnation: str, durable: int) -> None:
        """Tell the witness that what was attested is durable: who lacks it from now on lost it, and was not cut off."""
        with self._turn:
            if self._told is not None and self.is_waiting(incarnation, durable):
                self._tell(replace(self._told, before=self._told.sequence))

    def heard(self) -> Witnessed | None:
        """What the witness says, if anything can be read."""
        if self._witness is None:
            return None
        try:
            return self._witness.read()
        except OSError as error:
            self.trouble = f"the witness cannot be read: {error}"
            log.error("rights", problem=self.trouble)
            return None

    def _is_full(self, tx: Transaction) -> bool:
        """Redeeming is the first of what the ledger keeps to rest: what room is left is for what members earn."""
        if tx.is_nearly_full:
            self.trouble = "the disk is nearly full: redeeming rests until there is room again"
        return tx.is_nearly_full

    def _tell(self, testimony: Witnessed) -> bool:
        if self._witness is None:
            self.trouble = ""
            return True
        try:
            self._witness.write(testimony)
        except OSError as error:
            self._told, self.trouble = None, f"the witness cannot be written: {error}"
            log.error("rights", problem=self.trouble)
            return False
        self._told, self.trouble = testimony, ""
        return True
