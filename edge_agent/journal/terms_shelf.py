"""The programme's terms, read once for each version of them."""

from __future__ import annotations

import orjson

from loyalty.terms.document import Terms, terms_from_mapping


class TermsShelf:
    """Keeps the terms last read. Shared by the writer and all readers of one journal.

    Terms are named by the digest of their text, so that nobody has to be told when they change; two threads that miss
    at once both read, which costs time and nothing else.
    """

    def __init__(self) -> None:
        self._held: tuple[str, Terms] | None = None

    def held(self, digest: str) -> Terms | None:
        """The terms of this name, if they are the last that were read."""
        held = self._held
        return held[1] if held is not None and held[0] == digest else None

    def read(self, digest: str, text: str) -> Terms:
        """Read terms and keep them under their name. Raises :class:`loyalty.terms.fields.ProgrammeError`."""
        terms = terms_from_mapping(orjson.loads(text))
        self._held = (digest, terms)
        return terms
