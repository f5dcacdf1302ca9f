"""What the store does for people at its counters: links that are awaited, PIN tries, codes seen, rewards taken."""

from __future__ import annotations

from datetime import date, datetime

import orjson

from cloud_bridge.topics import Lane
from devices.observations import FieldProblem, FormAnswer
from edge_agent.clock import datetime_of
from edge_agent.journal.books import to_ms
from edge_agent.journal.database import Statements
from edge_agent.journal.lanes.chain import place_of
from edge_agent.journal.lanes.events import Query
from edge_agent.journal.people.values import AccountEntry, AwaitedLink, Earned, PinTries, RewardTaken, StaffAct
from edge_agent.journal.values import Recorded
from loyalty.identifiers import MemberId
from loyalty.ledger import available, pending

FORM_ANSWERS_MAX = 5_000
"""Answers kept for whoever sends the same form again; a busy store has fewer in a day."""
REWARDS_FOUND_MAX = 50
STAFF_ACTS_MAX = 200

TABLES = (
    """CREATE TABLE awaited_links(
        counter TEXT PRIMARY KEY, member TEXT NOT NULL, technology TEXT NOT NULL, until_ms INTEGER NOT NULL,
        visit TEXT NOT NULL) WITHOUT ROWID""",
    "CREATE TABLE phones_seen(medium TEXT PRIMARY KEY, at_s INTEGER NOT NULL) WITHOUT ROWID",
    """CREATE TABLE pin_tries(
        member TEXT PRIMARY KEY, failures INTEGER NOT NULL, last_ms INTEGER NOT NULL) WITHOUT ROWID""",
    "CREATE TABLE pin_resets(member TEXT PRIMARY KEY, until_ms INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE form_answers(key TEXT PRIMARY KEY, answer BLOB NOT NULL, place INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX form_answers_by_place ON form_answers(place)",
    """CREATE TABLE rewards_taken(
        redemption TEXT PRIMARY KEY, voucher TEXT NOT NULL, member TEXT NOT NULL, reward TEXT NOT NULL,
        coupon TEXT, points INTEGER NOT NULL, place INTEGER NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX rewards_taken_by_member ON rewards_taken(member, at_ms)",
    """CREATE TABLE staff_acts(
        place INTEGER PRIMARY KEY, action TEXT NOT NULL, actor TEXT NOT NULL, role TEXT NOT NULL, reason TEXT NOT NULL,
        member TEXT NOT NULL)""",
    "CREATE INDEX staff_acts_by_member ON staff_acts(member)",
    """CREATE TABLE activities(
        member TEXT NOT NULL, rule TEXT NOT NULL, key TEXT NOT NULL, day TEXT NOT NULL,
        PRIMARY KEY (member, rule, key)) WITHOUT ROWID""",
)


class ServiceQueries(Query):
    """Reading what is under way."""

    def awaited_link(self, counter: str, now: datetime) -> AwaitedLink | None:
        """Whom the next medium at a counter is for, if anybody still waits."""
        row = self._connection.execute(
            "SELECT counter, member, technology, until_ms, visit FROM awaited_links WHERE counter = ? AND until_ms > ?",
            (counter, to_ms(now)),
        ).fetchone()
        if row is None:
            return None
        return AwaitedLink(row[0], MemberId(row[1]), row[2], datetime_of(row[3]), row[4])

    def phone_seen(self, medium: str) -> int | None:
        """When the newest accepted code of a phone was made (seconds since 1970)."""
        row = self._connection.execute("SELECT at_s FROM phones_seen WHERE medium = ?", (medium,)).fetchone()
        return row[0] if row else None

    def pin_tries(self, member: str) -> PinTries | None:
        """Wrong PINs in a row; ``None``: none."""
        row = self._connection.execute("SELECT failures, last_ms FROM pin_tries WHERE member = ?", (member,)).fetchone()
        return PinTries(row[0], datetime_of(row[1])) if row else None

    def may_choose_pin(self, member: str, now: datetime) -> bool:
        """Whether staff allowed to choose a new PIN."""
        row = self._connection.execute("SELECT until_ms FROM pin_resets WHERE member = ?", (member,)).fetchone()
        return row is not None and row[0] > to_ms(now)

    def form_answer(self, key: str) -> FormAnswer | None:
        """What a form of this key was answered."""
        row = self._connection.execute("SELECT answer FROM form_answers WHERE key = ?", (key,)).fetchone()
        return _read_answer(row[0]) if row else None

    def reward_taken(self, redemption: str) -> RewardTaken | None:
        """A reward by its redemption."""
        return next(iter(self._rewards("WHERE redemption = ?", redemption)), None)

    def rewards_of(self, member: str) -> list[RewardTaken]:
        """The rewards a member took here, newest first."""
        return self._rewards("WHERE member = ?", member)

    def activities_of(self, member: str) -> list[Earned]:
        """What activities earned a member here."""
        rows = self._connection.execute("SELECT member, rule, key, day FROM activities WHERE member = ?", (member,))
        return [Earned(MemberId(m), rule, key, date.fromisoformat(day)) for m, rule, key, day in rows]

    def staff_acts_of(self, member: str) -> list[StaffAct]:
        """What staff did for a member here, newest first."""
        rows = self._connection.execute(
            """SELECT place, action, actor, role, reason, member FROM staff_acts WHERE member = ?
                ORDER BY place DESC LIMIT ?""",
            (member, STAFF_ACTS_MAX),
        ).fetchall()
        return [StaffAct(self._event_id(r[0]), r[1], r[2], r[3], r[4], MemberId(r[5])) for r in rows]

    def account_of(self, member: str, limit: int) -> list[AccountEntry]:
        """Every posting of a member that this store made, newest first, with what caused it."""
        found: list[tuple[int, AccountEntry]] = []
        for account, waits in ((available(MemberId(member)), False), (pending(MemberId(member)), True)):
            for side, sign in (("credit", 1), ("debit", -1)):
                rows = self._connection.execute(
                    f"""SELECT place, at_ms, rule, points, cause, sale FROM postings
                        WHERE {side} = ? AND {side} <> 'programme:issued' ORDER BY place DESC LIMIT ?""",  # noqa: S608
                    (account, limit),
                )
                found += [(r[0], AccountEntry(datetime_of(r[1]), r[2], sign * r[3], waits, r[4], r[5])) for r in rows]
        found.sort(key=lambda one: (-one[0], one[1].is_pending, one[1].rule))
        return [entry for _, entry in found[:limit]]

    def is_sent(self, event_id: str) -> bool:
        """Whether the cloud has acknowledged an event of the ledger lane."""
        number, acked = self._connection.execute(
            "SELECT number, acked FROM lanes WHERE lane = ? ORDER BY number DESC LIMIT 1", (Lane.LEDGER.value,)
        ).fetchone()
        return self.place(event_id) <= place_of(number, acked)

    def _rewards(self, where: str, key: str) -> list[RewardTaken]:
        rows = self._connection.execute(
            f"""SELECT redemption, voucher, member, reward, coupon, points, place, at_ms FROM rewards_taken {where}
                ORDER BY at_ms DESC, place DESC LIMIT {REWARDS_FOUND_MAX}""",  # noqa: S608  texts of this module
            (key,),
        ).fetchall()
        return [
            RewardTaken(r[0], r[1], MemberId(r[2]), r[3], r[4], r[5], self._event_id(r[6]), datetime_of(r[7]))
            for r in rows
        ]


class ServiceKeeping(ServiceQueries):
    """Writing what is under way."""

    def await_link(self, link: AwaitedLink) -> None:
        """The next medium at the counter is for this member; nobody else waits there any more."""
        self._connection.execute(
            "INSERT OR REPLACE INTO awaited_links VALUES (?, ?, ?, ?, ?)",
            (link.counter, link.member, link.technology, to_ms(link.until), link.visit),
        )

    def end_link(self, counter: str) -> None:
        """Nobody waits for a medium at the counter."""
        self._connection.execute("DELETE FROM awaited_links WHERE counter = ?", (counter,))

    def end_visit_link(self, counter: str) -> None:
        """Whoever waited for a medium in a visit at the counter is gone; what staff wait for goes on."""
        self._connection.execute("DELETE FROM awaited_links WHERE counter = ? AND visit <> ''", (counter,))

    def note_phone(self, medium: str, at_s: int) -> None:
        """A phone's code was accepted: none made then or earlier is any more."""
        self._connection.execute("INSERT OR REPLACE INTO phones_seen VALUES (?, ?)", (medium, at_s))

    def count_wrong_pin(self, member: str, now: datetime) -> PinTries:
        """Count a try before it is judged: whoever pulls the plug does not get it back."""
        row = self._connection.execute(
            """INSERT INTO pin_tries VALUES (:member, 1, :now)
                ON CONFLICT (member) DO UPDATE SET failures = failures + 1, last_ms = max(last_ms, :now)
                RETURNING failures, last_ms""",
            {"member": member, "now": to_ms(now)},
        ).fetchone()
        return PinTries(row[0], datetime_of(row[1]))

    def forget_wrong_pins(self, member: str) -> None:
        """The right PIN was given, or staff took it away."""
        self._connection.execute("DELETE FROM pin_tries WHERE member = ?", (member,))

    def allow_pin(self, member: str, until: datetime) -> None:
        """Staff let a member choose a new PIN until then."""
        self._connection.execute("INSERT OR REPLACE INTO pin_resets VALUES (?, ?)", (member, to_ms(until)))

    def end_pin_choice(self, member: str) -> None:
        """The new PIN was chosen."""
        self._connection.execute("DELETE FROM pin_resets WHERE member = ?", (member,))

    def keep_form_answer(self, key: str, answer: FormAnswer, recorded: Recorded) -> None:
        """Remember an answer; the oldest beyond :data:`FORM_ANSWERS_MAX` are let go."""
        self._connection.execute(
            "INSERT INTO form_answers VALUES (?, ?, ?)", (key, _write_answer(answer), self.place(recorded.event_id))
        )
        self._connection.execute(
            """DELETE FROM form_answers WHERE place <=
                (SELECT place FROM form_answers ORDER BY place DESC LIMIT 1 OFFSET ?)""",
            (FORM_ANSWERS_MAX,),
        )

    def keep_reward_taken(self, taken: RewardTaken) -> None:
        """A reward was taken."""
        self._connection.execute(
            "INSERT INTO rewards_taken VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                taken.redemption,
                taken.voucher,
                taken.member,
                taken.reward,
                taken.coupon,
                taken.points,
                self.place(taken.event_id),
                to_ms(taken.at),
            ),
        )

    def keep_staff_act(self, act: StaffAct) -> None:
        """A member of staff did something."""
        self._connection.execute(
            "INSERT INTO staff_acts VALUES (?, ?, ?, ?, ?, ?)",
            (self.place(act.event_id), act.action, act.actor, act.role, act.reason, act.member),
        )

    def keep_activity(self, earned: Earned) -> None:
        """An activity earned points; the same one earns once."""
        self._connection.execute(
            "INSERT OR IGNORE INTO activities VALUES (?, ?, ?, ?)",
            (earned.member, earned.rule, earned.key, earned.on.isoformat()),
        )


def end_visits(connection: Statements) -> None:
    """A journal was opened: who stood at a kiosk does not any more. What staff wait for goes on."""
    connection.execute("DELETE FROM awaited_links WHERE visit <> ''")


def _write_answer(answer: FormAnswer) -> bytes:
    return orjson.dumps(answer)


def _read_answer(body: bytes) -> FormAnswer:
    kept = orjson.loads(body)
    kept["problems"] = tuple(FieldProblem(**problem) for problem in kept["problems"])
    return FormAnswer(**kept)
