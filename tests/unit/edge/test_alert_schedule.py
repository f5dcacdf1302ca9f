"""Shifts and quiet hours in the store's own time, over midnight and over days of 23 and 25 hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edge_agent.alerts.routing import Called, Routing, Target
from edge_agent.alerts.schedule import Schedule
from edge_agent.config.alert_settings import AlertSettings
from edge_agent.floor.findings import AlertKind
from kiosk_ui.staff.board import Severity

PHONES = [{"name": name, "url_file": f"/{name}"} for name in ("early", "late", "boss", "cold")]
SHIFTS = [
    {"name": "early", "role": "staff", "from": "07:00", "to": "15:00", "destinations": ["early"]},
    {"name": "late", "role": "staff", "from": "15:00", "to": "23:00", "destinations": ["late"]},
    {
        "name": "office",
        "role": "manager",
        "days": ["mon", "tue", "wed", "thu", "fri"],
        "from": "09:00",
        "to": "18:00",
        "destinations": ["boss"],
    },
]
NIGHT = [{"from": "22:00", "to": "07:00"}]


def schedule(zone: str = "Asia/Shanghai", **changes: Any) -> Schedule:
    chosen: dict[str, Any] = {"destinations": PHONES, "shifts": SHIFTS, "quiet_hours": NIGHT}
    return Schedule(AlertSettings.model_validate(chosen | changes), ZoneInfo(zone))


def routing(**changes: Any) -> Routing:
    return Routing(schedule(**changes))


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)


def called(severity: Severity = Severity.WARNING, *, zone: str = "", level: int = 0) -> Called:
    return Called(AlertKind.STOCK_OUT, zone, severity, level)


@pytest.mark.parametrize(
    ("at", "who"),
    [
        ("2026-11-18 06:59:59", None),
        ("2026-11-18 07:00:00", "early"),
        ("2026-11-18 09:00:00", "early + office"),
        ("2026-11-18 14:59:59", "early + office"),
        ("2026-11-18 15:00:00", "late + office"),
        ("2026-11-18 18:00:00", "late"),
        ("2026-11-21 12:00:00", "early"),
        ("2026-11-18 23:00:00", None),
    ],
)
def test_a_shift_is_on_from_its_first_minute_up_to_its_last(at: str, who: str | None) -> None:
    assert schedule().shift_now(shanghai(at)) == who


@pytest.mark.parametrize(
    ("at", "is_quiet"),
    [
        ("2026-11-18 21:59:59", False),
        ("2026-11-18 22:00:00", True),
        ("2026-11-19 00:00:00", True),
        ("2026-11-19 06:59:59", True),
        ("2026-11-19 07:00:00", False),
    ],
)
def test_quiet_hours_go_over_midnight(at: str, is_quiet: bool) -> None:
    assert schedule().is_quiet(shanghai(at)) is is_quiet


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    plan = schedule(quiet_hours=[{"days": ["fri"], "from": "22:00", "to": "07:00"}])
    assert plan.is_quiet(shanghai("2026-11-21 03:00:00"))  # the night from Friday to Saturday
    assert not plan.is_quiet(shanghai("2026-11-20 03:00:00"))
    assert not plan.is_quiet(shanghai("2026-11-22 03:00:00"))


def test_a_window_that_ends_when_it_begins_is_a_whole_day() -> None:
    plan = schedule(quiet_hours=[{"days": ["sun"], "from": "00:00", "to": "00:00"}])
    assert plan.is_quiet(shanghai("2026-11-22 23:59:59"))
    assert not plan.is_quiet(shanghai("2026-11-23 00:00:00"))


def test_the_end_of_touching_windows_is_the_end_of_the_last() -> None:
    plan = schedule(quiet_hours=[{"from": "22:00", "to": "02:00"}, {"from": "01:00", "to": "07:30"}])
    assert plan.after_quiet(shanghai("2026-11-18 22:10:00")) == shanghai("2026-11-19 07:30:00")


def test_a_store_that_is_always_quiet_has_no_end_of_it() -> None:
    assert schedule(quiet_hours=[{"from": "06:00", "to": "06:00"}]).after_quiet(shanghai("2026-11-18 12:00:00")) is None


@pytest.mark.parametrize(
    ("night", "hours"),
    [
        ("2026-03-28 22:00:00", 8),  # Berlin loses an hour
        ("2026-10-24 22:00:00", 10),  # and gets it back
        ("2026-06-01 22:00:00", 9),
    ],
)
def test_a_night_in_which_clocks_change_ends_at_seven_all_the_same(night: str, hours: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    began = datetime.fromisoformat(night).replace(tzinfo=berlin).astimezone(UTC)
    ended = schedule("Europe/Berlin").after_quiet(began)
    assert ended is not None
    assert ended.astimezone(berlin).hour == 7
    assert ended - began == timedelta(hours=hours)


def test_hours_that_a_change_of_clocks_leaves_out_begin_with_the_new_time() -> None:
    plan = schedule("Europe/Berlin", quiet_hours=[{"from": "02:30", "to": "04:00"}])
    skip = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # 02:00 becomes 03:00
    assert not plan.is_quiet(skip)
    assert plan.is_quiet(skip + timedelta(minutes=31))


def test_whoever_is_on_duty_is_called_at_once() -> None:
    at = shanghai("2026-11-18 10:00:00")
    assert routing().targets(called(), at) == (Target("early", at),)
    assert routing().targets(called(level=1), at) == (Target("boss", at),)


def test_at_night_a_message_waits_for_the_first_shift_of_the_morning() -> None:
    at = shanghai("2026-11-18 23:30:00")
    assert routing().targets(called(), at) == (Target("early", shanghai("2026-11-19 07:00:00")),)


def test_what_is_urgent_rings_at_night_on_the_last_phone_of_the_plan() -> None:
    at = shanghai("2026-11-18 23:30:00")
    assert routing().targets(called(Severity.URGENT), at) == (Target("boss", at),)


def test_what_is_urgent_in_quiet_hours_rings_whoever_is_there() -> None:
    at = shanghai("2026-11-18 22:30:00")
    assert routing().targets(called(Severity.URGENT), at) == (Target("late", at),)


def test_a_manager_who_comes_on_monday_hears_on_monday() -> None:
    at = shanghai("2026-11-20 19:00:00")  # Friday evening
    assert routing().targets(called(level=1), at) == (Target("boss", shanghai("2026-11-23 09:00:00")),)


def test_a_shift_of_another_zone_is_not_called() -> None:
    cold = {"name": "cold", "role": "staff", "from": "07:00", "to": "23:00", "destinations": ["cold"], "zones": ["ice"]}
    plan = routing(shifts=[*SHIFTS, cold])
    at = shanghai("2026-11-18 10:00:00")
    assert [target.destination for target in plan.targets(called(zone="ice"), at)] == ["early", "cold"]
    assert [target.destination for target in plan.targets(called(zone="tea"), at)] == ["early"]


def test_a_route_adds_its_destinations_once() -> None:
    routes = [
        {"destinations": ["boss", "early"], "kinds": ["stock_out"], "zones": ["ice"]},
        {"destinations": ["cold"], "severities": ["urgent"]},
    ]
    at = shanghai("2026-11-18 10:00:00")
    assert [t.destination for t in routing(routes=routes).targets(called(zone="ice"), at)] == ["early", "boss"]
    assert [t.destination for t in routing(routes=routes).targets(called(zone="tea"), at)] == ["early"]


def test_a_role_without_a_shift_passes_on_to_the_nearest_that_has_one() -> None:
    at = shanghai("2026-11-18 10:00:00")
    only_boss = routing(shifts=[SHIFTS[2]])
    assert [t.destination for t in only_boss.targets(called(), at)] == ["boss"]
    only_staff = routing(shifts=SHIFTS[:2])
    assert [t.destination for t in only_staff.targets(called(level=1), at)] == ["early"]


def test_a_plan_in_which_duty_and_quiet_never_part_calls_nobody_but_the_urgent() -> None:
    plan = routing(shifts=[{**SHIFTS[0], "from": "23:00", "to": "05:00"}])
    at = shanghai("2026-11-18 10:00:00")
    assert plan.targets(called(), at) == ()
    assert plan.targets(called(Severity.URGENT), at) == (Target("early", at),)
