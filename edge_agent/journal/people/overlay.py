"""Members, cards, phones and PINs as this store knows them: what was said here lies over the replica.

Somebody who registered a minute ago is greeted, a blocked card is nobody's at once. A row goes when the replica was
computed after the cloud had the event behind it; a registration stays until the replica names the member.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import orjson

from cloud_bridge.downlink import StepOutcome
from cloud_bridge.replica import ReplicaStep
from edge_agent.clock import datetime_of
from edge_agent.journal.books import to_ms
from edge_agent.journal.people.values import LocalDetails, LocalMedium, MediumOf
from edge_agent.journal.replica import ReplicaKeeping, ReplicaQueries
from edge_agent.journal.values import BalanceAsOf, MemberEntry, Recorded
from loyalty.codes import referral_code
from loyalty.identifiers import MemberId

TABLES = (
    """CREATE TABLE local_members(
        member TEXT PRIMARY KEY, is_new INTEGER NOT NULL, name TEXT, language TEXT, birthday TEXT, contact TEXT,
        consents TEXT NOT NULL, joined_on TEXT NOT NULL, phone_index TEXT, at_ms INTEGER NOT NULL,
        place INTEGER NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE local_media(
        medium TEXT PRIMARY KEY, member TEXT, technology TEXT NOT NULL, public_key TEXT, place INTEGER NOT NULL)
        WITHOUT ROWID""",
    "CREATE INDEX local_media_by_member ON local_media(member)",
    "CREATE TABLE phone_keys(medium TEXT PRIMARY KEY, public_key TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE local_pins(member TEXT PRIMARY KEY, sealed TEXT NOT NULL, place INTEGER NOT NULL) WITHOUT ROWID",
)


class OverlayQueries(ReplicaQueries):
    """Reading people: the replica, and over it what happened here."""

    def member_of(self, medium: str) -> MemberEntry | None:
        """Whose medium this is."""
        row = self._connection.execute("SELECT member FROM local_media WHERE medium = ?", (medium,)).fetchone()
        if row is None:
            entry = super().member_of(medium)
            return self._with_local(entry) if entry is not None else None
        return self.member(row[0]) if row[0] is not None else None

    def member(self, member_id: str) -> MemberEntry | None:
        """A member by id."""
        entry = super().member(member_id)
        return self._registered(member_id) if entry is None else self._with_local(entry)

    def media_of(self, member_id: str) -> list[str]:
        """The media that are linked to a member."""
        rows = self._connection.execute("SELECT medium, member FROM local_media").fetchall()
        here = dict(rows)
        media = {m for m in super().media_of(member_id) if m not in here}
        return sorted(media | {m for m, member in here.items() if member == member_id})

    def balance(self, member_id: str) -> BalanceAsOf | None:
        """The cloud's balance plus what was posted here since; of somebody registered here, what was posted here."""
        known = super().balance(member_id)
        if known is not None:
            return known
        row = self._connection.execute(
            "SELECT at_ms FROM local_members WHERE member = ? AND is_new", (member_id,)
        ).fetchone()
        if row is None:
            return None
        return BalanceAsOf(self.posted_since(member_id).available, datetime_of(row[0]))

    def media_known_of(self, member_id: str) -> list[MediumOf]:
        """A member's media and what they are, those blocked here among them."""
        here = {
            medium: MediumOf(medium, technology, is_blocked=member is None)
            for medium, member, technology in self._connection.execute(
                """SELECT medium, member, technology FROM local_media l WHERE member = :member OR (member IS NULL
                    AND EXISTS (SELECT 1 FROM replica_media r WHERE r.medium = l.medium AND r.member = :member))""",
                {"member": member_id},
            )
        }
        told = [m for m in super().media_of(member_id) if m not in here]
        known = [MediumOf(m, "phone" if self.public_key_of(m) else "card") for m in told]
        return known + list(here.values())

    def find_members(self, text: str, limit: int) -> list[MemberEntry]:
        """Members whose name holds ``text`` or whose phone number ends with it, by name."""
        like = "%" + text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        rows = self._connection.execute(
            """SELECT member FROM (
                    SELECT member, name, json_extract(profile, '$.contact') AS contact FROM replica_members
                    UNION SELECT member, name, contact FROM local_members WHERE name IS NOT NULL OR contact IS NOT NULL)
                WHERE name LIKE :inside ESCAPE '!' OR contact LIKE :ends ESCAPE '!'
                GROUP BY member ORDER BY min(name), member LIMIT :limit""",
            {"inside": like + "%", "ends": like, "limit": limit},
        ).fetchall()
        found = [self.member(member) for (member,) in rows]
        return [entry for entry in found if entry is not None]

    def public_key_of(self, medium: str) -> str | None:
        """The public key (hex) of a linked phone."""
        row = self._connection.execute(
            """SELECT public_key FROM local_media WHERE medium = :medium AND public_key IS NOT NULL
                UNION ALL SELECT public_key FROM phone_keys WHERE medium = :medium""",
            {"medium": medium},
        ).fetchone()
        return row[0] if row else None

    def local_pin(self, member_id: str) -> str | None:
        """The sealed verifier chosen here (empty: taken away here); ``None``: the replica's counts."""
        row = self._connection.execute("SELECT sealed FROM local_pins WHERE member = ?", (member_id,)).fetchone()
        return row[0] if row else None

    def is_registered_here(self, phone_index: str) -> bool:
        """Whether somebody of whom the cloud has not told yet gave this phone number (its keyed hash)."""
        row = self._connection.execute(
            "SELECT 1 FROM local_members WHERE is_new AND phone_index = ?", (phone_index,)
        ).fetchone()
        return row is not None

    def local_members(self) -> int:
        """How many registrations the cloud has not told back yet."""
        return int(self._connection.execute("SELECT count(*) FROM local_members WHERE is_new").fetchone()[0])

    def _registered(self, member_id: str) -> MemberEntry | None:
        row = self._local(member_id)
        if row is None or not row[0]:
            return None
        _, name, language, birthday, contact, consents, joined_on, at_ms = row
        return MemberEntry(
            member=MemberId(member_id),
            name=name or "",
            language=language or "",
            balance=0,
            as_of=datetime_of(at_ms),
            included_sequence=0,
            joined_on=date.fromisoformat(joined_on),
            birthday=birthday or "",
            contact=contact or "",
            consents=orjson.loads(consents),
            referral_code=referral_code(member_id),
        )

    def _with_local(self, entry: MemberEntry) -> MemberEntry:
        row = self._local(entry.member)
        if row is None:
            return entry
        _, name, language, birthday, contact, consents, _, _ = row
        return replace(
            entry,
            name=name or entry.name,
            language=entry.language if language is None else language,
            birthday=birthday or entry.birthday,
            contact=contact or entry.contact,
            consents={**entry.consents, **orjson.loads(consents)},
        )

    def _local(self, member_id: str) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._connection.execute(
            """SELECT is_new, name, language, birthday, contact, consents, joined_on, at_ms
                FROM local_members WHERE member = ?""",
            (member_id,),
        ).fetchone()
        return row


class OverlayKeeping(OverlayQueries, ReplicaKeeping):
    """Writing people."""

    def apply_step(self, step: ReplicaStep) -> StepOutcome:
        """Apply a step, and let go of what it tells back."""
        outcome = super().apply_step(step)
        if outcome is StepOutcome.APPLIED:
            self._put_phone_keys(step)
            self._forget_told(step)
        return outcome

    def keep_registered(self, member: MemberId, details: LocalDetails, recorded: Recorded, *, joined_on: date) -> None:
        """Somebody became a member here."""
        self._connection.execute(
            "INSERT INTO local_members VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                member,
                details.name,
                details.language,
                details.birthday,
                details.contact,
                _json(details.consents),
                joined_on.isoformat(),
                details.phone_index,
                to_ms(recorded.at),
                self.place(recorded.event_id),
            ),
        )

    def keep_details(self, member: MemberId, details: LocalDetails, recorded: Recorded) -> None:
        """A member changed something here; what is ``None`` stays."""
        row = self._local(member)
        consents = {**(orjson.loads(row[5]) if row else {}), **details.consents}
        self._connection.execute(
            """INSERT INTO local_members
                VALUES (:member, 0, :name, :language, :birthday, :contact, :consents, '', :index, :at, :place)
                ON CONFLICT (member) DO UPDATE SET name = coalesce(:name, name),
                    language = coalesce(:language, language), birthday = coalesce(:birthday, birthday),
                    contact = coalesce(:contact, contact), phone_index = coalesce(:index, phone_index),
                    consents = :consents, place = :place""",
            {
                "member": member,
                "name": details.name,
                "language": details.language,
                "birthday": details.birthday,
                "contact": details.contact,
                "consents": _json(consents),
                "index": details.phone_index,
                "at": to_ms(recorded.at),
                "place": self.place(recorded.event_id),
            },
        )

    def keep_medium(self, medium: LocalMedium, recorded: Recorded) -> None:
        """A medium was linked or blocked here."""
        self._connection.execute(
            "INSERT OR REPLACE INTO local_media VALUES (?, ?, ?, ?, ?)",
            (medium.medium, medium.member, medium.technology, medium.public_key, self.place(recorded.event_id)),
        )

    def keep_pin(self, member: MemberId, sealed: str, recorded: Recorded) -> None:
        """A PIN was chosen here, or (empty) taken away."""
        self._connection.execute(
            "INSERT OR REPLACE INTO local_pins VALUES (?, ?, ?)", (member, sealed, self.place(recorded.event_id))
        )

    def _put_phone_keys(self, step: ReplicaStep) -> None:
        if step.from_version == 0:
            self._connection.execute("DELETE FROM phone_keys")
        for medium in step.media:
            if medium.member is not None and medium.public_key is not None:
                self._connection.execute(
                    "INSERT OR REPLACE INTO phone_keys VALUES (?, ?)", (medium.medium, medium.public_key)
                )
            else:
                self._connection.execute("DELETE FROM phone_keys WHERE medium = ?", (medium.medium,))

    def _forget_told(self, step: ReplicaStep) -> None:
        """What the cloud had when it computed the step is in the step, whatever it made of it."""
        self._connection.executemany(
            "UPDATE local_members SET is_new = 0 WHERE member = ?", [(m.member,) for m in step.members]
        )
        if step.to_version != step.latest_version:
            return
        reach = {"reach": self._included_place(step)}
        self._connection.execute("DELETE FROM local_members WHERE NOT is_new AND place <= :reach", reach)
        self._connection.execute(
            """DELETE FROM local_media WHERE place <= :reach
                AND (member IS NULL OR member NOT IN (SELECT member FROM local_members WHERE is_new))""",
            reach,
        )
        self._connection.execute(
            """DELETE FROM local_pins WHERE place <= :reach
                AND member NOT IN (SELECT member FROM local_members WHERE is_new)""",
            reach,
        )


def _json(consents: Mapping[str, bool]) -> str:
    return orjson.dumps(dict(consents)).decode()
