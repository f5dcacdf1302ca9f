"""What the cloud sent down: members, media, programme; and the balance that follows from it and the books."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from cloud_bridge.downlink import ReplicaCursor, StepOutcome
from cloud_bridge.replica import ReplicaMember, ReplicaStep
from cloud_bridge.topics import Lane
from edge_agent.journal.database import Statements
from edge_agent.journal.floor.cards import drop_cards_of, put_cards
from edge_agent.journal.lanes.chain import place_of, sequence_in
from edge_agent.journal.lanes.events import Query
from edge_agent.journal.terms_shelf import TermsShelf
from edge_agent.journal.values import BalanceAsOf, ExpiringPoints, MemberEntry, day_told
from loyalty.identifiers import MemberId
from loyalty.ledger import available, pending
from loyalty.programme import Programme
from loyalty.terms.document import Terms

TABLES: tuple[str, ...] = (
    "ALTER TABLE replica_members ADD COLUMN profile TEXT NOT NULL DEFAULT '{}'",
    """CREATE TABLE replica_terms(
        one INTEGER PRIMARY KEY CHECK (one = 1), digest TEXT NOT NULL, terms TEXT NOT NULL)""",
)
"""What the second step of the schema adds for this room. ``profile`` is JSON: all of a member but the first columns."""

_MEMBERS = """SELECT m.member, m.name, m.language, m.balance, max(m.included, r.included), r.as_of, m.profile
    FROM replica_members m, replica r"""
_IN_COLUMNS = {"member", "name", "language", "balance", "version"}


class PostedSince(NamedTuple):
    """Points that postings of this store moved and that the cloud's figures do not hold yet; signed."""

    available: int
    pending: int


class ReplicaQueries(Query):
    """Reading the replica."""

    def __init__(self, connection: Statements, shelf: TermsShelf | None = None) -> None:
        super().__init__(connection)
        self._shelf = shelf or TermsShelf()

    def member_of(self, medium: str) -> MemberEntry | None:
        """Whose medium this is."""
        return self._member("WHERE m.member = (SELECT member FROM replica_media WHERE medium = ?)", medium)

    def member(self, member_id: str) -> MemberEntry | None:
        """A member by id."""
        return self._member("WHERE m.member = ?", member_id)

    def media_of(self, member_id: str) -> list[str]:
        """The media that are linked to a member, also to one that has not arrived yet."""
        rows = self._connection.execute(
            "SELECT medium FROM replica_media WHERE member = ? ORDER BY medium", (member_id,)
        )
        return [medium for (medium,) in rows]

    def balance(self, member_id: str) -> BalanceAsOf | None:
        """The cloud's balance plus what was posted here since; ``None`` for an unknown member."""
        row = self._connection.execute(f"{_MEMBERS} WHERE m.member = ?", (member_id,)).fetchone()
        if row is None:
            return None
        return BalanceAsOf(row[3] + self._moved(available(MemberId(member_id)), row[4]), _moment(row[5]))

    def posted_since(self, member_id: str) -> PostedSince:
        """What was posted here for a member after the cloud's figures; all of it, where the cloud told none yet."""
        row = self._connection.execute(f"{_MEMBERS} WHERE m.member = ?", (member_id,)).fetchone()
        after, member = row[4] if row else 0, MemberId(member_id)
        return PostedSince(self._moved(available(member), after), self._moved(pending(member), after))

    def programme(self) -> Programme | None:
        """The programme in force; ``None`` before the first replica step."""
        row = self._connection.execute(
            "SELECT name, currency, points, per_minor, minimum_minor FROM replica_programme"
        ).fetchone()
        return Programme(*row) if row else None

    def terms(self) -> Terms | None:
        """The whole programme in force, read once for each version; ``None`` before the first replica step.

        A cloud that tells no terms has none but the rate on spending.
        """
        row = self._connection.execute("SELECT digest FROM replica_terms").fetchone()
        if row is None:
            programme = self.programme()
            return Terms(programme) if programme else None
        held = self._shelf.held(row[0])
        if held is not None:
            return held
        digest, text = self._connection.execute("SELECT digest, terms FROM replica_terms").fetchone()
        return self._shelf.read(digest, text)

    def replica_cursor(self) -> ReplicaCursor:
        """Where the replica stands."""
        epoch, version, as_of, members = self._connection.execute(
            "SELECT epoch, version, as_of, (SELECT count(*) FROM replica_members) FROM replica"
        ).fetchone()
        return ReplicaCursor(epoch, version, as_of, members)

    def _member(self, where: str, key: str) -> MemberEntry | None:
        row = self._connection.execute(f"{_MEMBERS} {where}", (key,)).fetchone()
        if row is None:
            return None
        return _entry(row)

    def _moved(self, account: str, after: int) -> int:
        """What postings behind a place did to an account."""
        row = self._connection.execute(
            """SELECT
                (SELECT coalesce(sum(points), 0) FROM postings
                  WHERE credit = :account AND place > :place AND credit <> 'programme:issued')
              - (SELECT coalesce(sum(points), 0) FROM postings
                  WHERE debit = :account AND place > :place AND debit <> 'programme:issued')""",
            {"account": account, "place": after},
        ).fetchone()
        return int(row[0])


class ReplicaKeeping(ReplicaQueries):
    """Applying replica steps."""

    def apply_step(self, step: ReplicaStep) -> StepOutcome:
        """Apply a step that follows on; a step from 0 replaces everything.

        Raises ``ValueError`` for a programme or a time that no one could use; nothing is applied then.
        """
        epoch, version, as_of, included = self._connection.execute(
            "SELECT epoch, version, as_of, included FROM replica"
        ).fetchone()
        if step.from_version != 0:
            if step.epoch == epoch and step.to_version == version:
                return StepOutcome.APPLIED
            if (step.epoch, step.from_version) != (epoch, version):
                return StepOutcome.OUT_OF_STEP
        else:
            self._clear()
            as_of, included = step.as_of, 0
        _moment(step.as_of)
        reach = self._included_place(step)
        self._put_members(step, reach)
        self._put_media(step)
        self._put_programme(step)
        if step.to_version == step.latest_version:
            # Whoever is not in a step up to the latest version is unchanged as of that step.
            as_of, included = step.as_of, max(included, reach)
        self._connection.execute(
            "UPDATE replica SET epoch = ?, version = ?, as_of = ?, included = ?",
            (step.epoch, step.to_version, as_of, included),
        )
        return StepOutcome.APPLIED

    def _clear(self) -> None:
        for table in ("replica_members", "replica_media", "replica_cards", "replica_programme", "replica_terms"):
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608

    def _included_place(self, step: ReplicaStep) -> int:
        """Up to which place the step's balances hold our postings.

        When the step names nothing of ours, everything the cloud has acknowledged is in them: it
        applies before it acknowledges, and it computed the step later than it applied.
        """
        head = step.included.get(Lane.LEDGER)
        row = self._connection.execute(
            "SELECT number FROM incarnations WHERE incarnation = ?", (step.incarnation,)
        ).fetchone()
        if row is not None and head is not None and head.sequence > 0:
            return place_of(row[0], head.sequence)
        number, acked = self._connection.execute(
            "SELECT number, acked FROM lanes WHERE lane = ? ORDER BY number DESC LIMIT 1", (Lane.LEDGER.value,)
        ).fetchone()
        return place_of(number, acked)

    def _put_members(self, step: ReplicaStep, reach: int) -> None:
        self._connection.executemany(
            "INSERT OR REPLACE INTO replica_members VALUES (?, ?, ?, ?, ?, ?)",
            [(m.member, m.name, m.language, m.balance, reach, _profile(m)) for m in step.members],
        )
        removed = [(member,) for member in step.removed]
        drop_cards_of(self._connection, removed)
        self._connection.executemany("DELETE FROM replica_media WHERE member = ?", removed)
        self._connection.executemany("DELETE FROM replica_members WHERE member = ?", removed)

    def _put_media(self, step: ReplicaStep) -> None:
        put_cards(self._connection, step)
        self._connection.executemany(
            "INSERT OR REPLACE INTO replica_media VALUES (?, ?)",
            [(m.medium, m.member) for m in step.media if m.member is not None],
        )
        self._connection.executemany(
            "DELETE FROM replica_media WHERE medium = ?", [(m.medium,) for m in step.media if m.member is None]
        )

    def _put_programme(self, step: ReplicaStep) -> None:
        if (sent := step.programme) is not None:
            programme = Programme(sent.name, sent.currency, sent.points, sent.per_minor, sent.minimum_minor)
            self._connection.execute(
                "INSERT OR REPLACE INTO replica_programme VALUES (1, ?, ?, ?, ?, ?)",
                (programme.name, programme.currency, programme.points, programme.per_minor, programme.minimum_minor),
            )
            if sent.terms is not None:
                text = orjson.dumps(sent.terms, option=orjson.OPT_SORT_KEYS)
                digest = hashlib.sha256(text).hexdigest()
                self._shelf.read(digest, text.decode())
                self._connection.execute(
                    "INSERT OR REPLACE INTO replica_terms VALUES (1, ?, ?)", (digest, text.decode())
                )


def _profile(member: ReplicaMember) -> str:
    """All that has no column of its own and says something."""
    told = member.model_dump(exclude=_IN_COLUMNS, exclude_defaults=True)
    return orjson.dumps(told).decode() if told else "{}"


def _entry(row: tuple[Any, ...]) -> MemberEntry:
    member, name, language, balance, included, as_of, profile = row
    plain = MemberEntry(MemberId(member), name, language, balance, _moment(as_of), sequence_in(included))
    if profile == "{}":
        return plain
    told = orjson.loads(profile)
    for key in ("joined_on", "tier_ends"):
        if key in told:
            told[key] = day_told(told[key])
    if "expiring" in told:
        lots = ((day_told(lot["last_day"]), lot["points"]) for lot in told["expiring"])
        told["expiring"] = tuple(sorted(ExpiringPoints(day, points) for day, points in lots if day is not None))
    return replace(plain, **told)


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
