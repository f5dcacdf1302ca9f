"""What an operator can see and do about rights. Each act is one transaction and leaves who did it and why."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from sqlalchemy import Connection

from cloud_crm.clock import Clock, rfc3339
from cloud_crm.database import Database
from cloud_crm.gateways import repository as gateways
from cloud_crm.landing.loyalty import LoyaltySettings
from cloud_crm.ledger import repository as ledger
from cloud_crm.members import records
from cloud_crm.members import repository as members
from cloud_crm.points.books import Own, PointsBooks
from cloud_crm.problems import conflict, not_found
from cloud_crm.programme import repository as programmes
from cloud_crm.rights import figures, losses, standings
from cloud_crm.rights.books import RightsBooks, points_of
from cloud_crm.rights.figures import Action
from cloud_crm.rights.schemas import Done, GatewayRights, Goodwill, LossView, MemberRights, WriteOff
from loyalty.calendar import business_date
from loyalty.identifiers import EventId, GatewayId, MemberId, posting_id
from loyalty.ledger import PROGRAMME_LOST, Posting, Rule, available
from loyalty.rights import standing as rules
from loyalty.rights.standing import Standing

_PAGE_MEMBERS_MAX = 500
_log = structlog.get_logger()


class RightsService:
    """Rights of one tenant."""

    def __init__(
        self, database: Database, settings: LoyaltySettings, *, clock: Clock, changed: Callable[[], None]
    ) -> None:
        """``changed`` is called after each commit that the stores should hear of."""
        self._database = database
        self._settings = settings
        self._clock = clock
        self._changed = changed

    def of_gateway(self, gateway_id: str) -> GatewayRights:
        """What is out at a gateway. Raises :class:`Problem`."""
        with self._database.read() as connection:
            _check_gateway(connection, gateway_id)
            standing = standings.read(connection, gateway_id)
            sums = figures.sums(connection, gateway_id)
            loss = losses.read(connection, cap=self._settings.rights.loss_cap_points)
            return GatewayRights(
                gateway=gateway_id,
                standing=_word(standing),
                incarnation=standing.current,
                earlier_incarnations=len(standing.retired),
                accounts=sums.accounts,
                points_held=sums.points_held,
                coupons_held=sums.coupons_held,
                points_owed=sums.points_owed,
                points_in_suspense=sums.points_in_suspense,
                points_written_off=sums.points_written_off,
                points_recalled=sums.points_recalled,
                losses=LossView(cap=loss.cap, written_off=loss.written_off, goodwill=loss.goodwill),
                in_suspense=figures.in_suspense(connection, gateway_id),
                actions=figures.actions(connection, gateway_id),
            )

    def of_member(self, member_id: str) -> MemberRights:
        """Where every point of a member is. Raises :class:`Problem`."""
        with self._database.read() as connection:
            if members.find_member(connection, member_id) is None:
                raise not_found(f"member {member_id}", "See /members for those who joined")
            return figures.of_member(connection, member_id)

    def revoke(self, gateway_id: str, *, reason: str, actor: str) -> GatewayRights:
        """Give a gateway up: nothing is leased to it any more, what it held is in suspense. Raises :class:`Problem`."""
        return self._restand(gateway_id, rules.revoke, Action("revoke", actor, reason, gateway_id), revoked=True)

    def reinstate(self, gateway_id: str, *, reason: str, actor: str) -> GatewayRights:
        """Let a gateway back in: it begins anew when it next says hello. Raises :class:`Problem`."""
        return self._restand(gateway_id, rules.reinstate, Action("reinstate", actor, reason, gateway_id), revoked=False)

    def write_off(self, gateway_id: str, asked: WriteOff, *, actor: str) -> Done:
        """Give up points in suspense, member by member, until the cap is reached. Raises :class:`Problem`."""
        with self._database.read() as connection:
            _check_gateway(connection, gateway_id)
        done = left = 0
        for member in self._in_doubt(gateway_id) if asked.member is None else [asked.member]:
            given, kept = self._write_off_one(gateway_id, MemberId(member), asked, actor)
            done, left = done + given, left + kept
        if asked.member is not None and done == 0:
            raise conflict("points", "are not in suspense there, or the cap has no room", "See what is in suspense")
        self._changed()
        return Done(points=done, left=left)

    def show_goodwill(self, member_id: str, asked: Goodwill, *, actor: str) -> Done:
        """Give a member points within the cap. Raises :class:`Problem`."""
        member = MemberId(member_id)
        with self._database.write() as connection:
            if members.find_member(connection, member_id) is None:
                raise not_found(f"member {member_id}", "See /members for those who joined")
            name = posting_id("goodwill", member, asked.key)
            if ledger.known(connection, [name]):
                return Done(points=asked.points, left=0)
            rights, points = self._open(connection, member)
            if not rights.show_goodwill(points_of(member), asked.points):
                raise conflict("points", "are more than the cap leaves", "Give fewer, or raise rights.loss_cap_points")
            posting = Posting(name, PROGRAMME_LOST, available(member), asked.points, Rule.GOODWILL, EventId("goodwill"))
            self._post(connection, rights, points, posting, member)
            because = (actor, asked.reason)
            records.note(connection, "goodwill", str(asked.points), at=self._now(), because=because, member=member_id)
        self._changed()
        return Done(points=asked.points, left=0)

    def _restand(
        self, gateway_id: str, rule: Callable[[Standing], Standing], act: Action, *, revoked: bool
    ) -> GatewayRights:
        with self._database.write() as connection:
            _check_gateway(connection, gateway_id)
            before = standings.alone(connection, gateway_id)
            if before.revoked is revoked:
                problem = "is revoked already" if revoked else "is not revoked"
                raise conflict(f"gateway {gateway_id}", problem, "There is nothing to do")
            after = rule(before)
            if after.current != before.current:
                standings.withdraw(connection, gateway_id)
            standings.keep(connection, gateway_id, after, at=self._now())
            figures.keep_action(connection, act, self._now())
        _log.info("post", outcome=f"rights {act.action}", gateway=gateway_id)
        self._changed()
        return self.of_gateway(gateway_id)

    def _write_off_one(self, gateway_id: str, member: MemberId, asked: WriteOff, actor: str) -> tuple[int, int]:
        """Points given up, and those that stay in suspense."""
        gateway = GatewayId(gateway_id)
        name = posting_id("write-off", gateway_id, member, asked.key) if asked.key else None
        with self._database.write() as connection:
            if name and ledger.known(connection, [name]):
                return asked.points or 0, 0
            rights, points = self._open(connection, member, gateway)
            in_doubt = max(0, rights.account(points_of(member)).books.suspense.get(gateway, 0))
            room = losses.lock(connection, cap=self._settings.rights.loss_cap_points)
            wanted = min(asked.points or in_doubt, max(0, room.cap - room.written_off))
            if wanted == 0 or rights.write_off(points_of(member), gateway, wanted) is not None:
                return 0, in_doubt
            written = rights.account(points_of(member)).books.written_off[gateway]
            key = name or posting_id("write-off", gateway_id, member, self._now(), str(written))
            posting = Posting(key, available(member), PROGRAMME_LOST, wanted, Rule.WRITE_OFF, EventId("write-off"))
            self._post(connection, rights, points, posting, member)
            act = Action("write_off", actor, asked.reason, gateway_id, member, wanted)
            figures.keep_action(connection, act, self._now())
            return wanted, in_doubt - wanted

    def _in_doubt(self, gateway_id: str) -> list[str]:
        found: list[str] = []
        while True:
            with self._database.read() as connection:
                after = found[-1] if found else ""
                page = figures.members_in_doubt(connection, gateway_id, after=after, limit=_PAGE_MEMBERS_MAX)
            found += page
            if len(page) < _PAGE_MEMBERS_MAX:
                return found

    def _open(self, connection: Connection, member: MemberId, *gateways: GatewayId) -> tuple[RightsBooks, PointsBooks]:
        rights = RightsBooks(connection, self._settings.rights, at=self._now())
        rights.open([points_of(member)], gateways)
        points = PointsBooks(connection, rights, programmes.lot_terms(connection), at=self._now())
        points.open([member])
        return rights, points

    def _post(
        self, connection: Connection, rights: RightsBooks, points: PointsBooks, posting: Posting, member: MemberId
    ) -> None:
        """Into ledger and lots; the rights have moved already. What became free is leased at home."""
        points.post(Own(posting, business_date(self._clock(), "UTC"), moves_rights=False), member)
        rights.top_up_home(points_of(member))
        points.save()
        rights.save()
        members.touch(connection, [member])

    def _now(self) -> str:
        return rfc3339(self._clock())


def _check_gateway(connection: Connection, gateway_id: str) -> None:
    if gateways.find_gateway(connection, gateway_id) is None:
        raise not_found(f"gateway {gateway_id}", "See /api/gateways for those enrolled")


def _word(standing: Standing) -> str:
    if standing.revoked:
        return "revoked"
    return "new" if standing.current is None and not standing.retired else "greeted"
