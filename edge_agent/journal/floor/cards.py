"""Cards that prove themselves: their keys from head office, and the highest counter accepted of each."""

from __future__ import annotations

from cloud_bridge.replica import ReplicaStep
from edge_agent.journal.database import Statements
from edge_agent.journal.lanes.events import Query

TABLES: tuple[str, ...] = (
    "CREATE TABLE replica_cards(medium TEXT PRIMARY KEY, sealed TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE card_counters(medium TEXT PRIMARY KEY, counter INTEGER NOT NULL) WITHOUT ROWID",
)
"""What the third step of the schema adds for cards that prove themselves.

Keys come and go with the replica; counters are this store's own and outlive it: what was accepted once is never
accepted again, also when head office tells everything anew.
"""


class CardQueries(Query):
    """Reading cards that prove themselves."""

    def card_keys(self, medium: str) -> str | None:
        """The sealed keys of the card behind a medium; ``None`` for one that is only a number."""
        row = self._connection.execute("SELECT sealed FROM replica_cards WHERE medium = ?", (medium,)).fetchone()
        return row[0] if row else None

    def card_counter(self, medium: str) -> int:
        """The highest reading counter accepted of a card; -1 before the first."""
        row = self._connection.execute("SELECT counter FROM card_counters WHERE medium = ?", (medium,)).fetchone()
        return int(row[0]) if row else -1


class CardKeeping(CardQueries):
    """Writing cards that prove themselves."""

    def keep_card_counter(self, medium: str, counter: int) -> None:
        """Accept a counter. It never goes down."""
        self._connection.execute(
            """INSERT INTO card_counters VALUES (?, ?)
               ON CONFLICT(medium) DO UPDATE SET counter = max(counter, excluded.counter)""",
            (medium, counter),
        )


def put_cards(connection: Statements, step: ReplicaStep) -> None:
    """Take the keys that a step brings, and drop those of media that are nobody's or only a number now."""
    connection.executemany(
        "INSERT OR REPLACE INTO replica_cards VALUES (?, ?)",
        [(m.medium, m.card_keys) for m in step.media if m.member is not None and m.card_keys is not None],
    )
    connection.executemany(
        "DELETE FROM replica_cards WHERE medium = ?",
        [(m.medium,) for m in step.media if m.member is None or m.card_keys is None],
    )


def drop_cards_of(connection: Statements, members: list[tuple[str]]) -> None:
    """Members are no longer known here: neither are the keys of their cards. Call before their media go."""
    connection.executemany(
        "DELETE FROM replica_cards WHERE medium IN (SELECT medium FROM replica_media WHERE member = ?)", members
    )
