"""The edge side of the wire: what is queued (:mod:`.outbox`), what is in flight (:mod:`.window`), the link."""
