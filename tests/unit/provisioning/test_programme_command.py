"""``regulars programme``: mistakes and doubts are named with their remedy, and promises said in plain sentences."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loyalty.terms.document import json_schema
from provisioning.cli import app
from provisioning.programme_file import SECTIONS

runner = CliRunner()
EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "programme.example.toml"
RATE = '[programme]\nname = "P"\ncurrency = "CNY"\n'
WASTEFUL = RATE + "[lots]\npending_days = 7\n[redeeming]\npoints = 1\nvalue_minor = 100\n"


def ask(*arguments: str | Path) -> tuple[int, str]:
    """The exit status and what was said, on one line."""
    result = runner.invoke(app, ["programme", *map(str, arguments)])
    assert "Traceback" not in result.output
    return result.exit_code, " ".join(result.output.split())


def written(folder: Path, content: str | bytes) -> Path:
    file = folder / "programme.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def explained(folder: Path, text: str) -> str:
    status, said = ask("explain", written(folder, text))
    assert status == 0, said
    return said


def test_the_example_is_in_order_and_without_doubt() -> None:
    status, said = ask("check", EXAMPLE, "--strict")
    assert status == 0, said
    assert "Harbour Regulars can be used" in said
    assert "!" not in said


@pytest.mark.parametrize(
    ("before", "after", "mistake", "remedy"),
    [
        ("percent = 10\n", "percent = 120\n", "coupons[0].percent: is 120.", "Write a whole number from 0 to 100."),
        ('name = "Silver"', "name = 7", "tiers.levels[0].name: is 7.", "Write it as text in quotes."),
        ('name = "Silver"\n', "", "tiers.levels[0].name: is missing.", "Write it: Name shown to members."),
        ('currency = "CNY"', 'currency = "yuan"', "programme.currency: is 'yuan'.", "such as CNY or GBP."),
        ("exclusive = true", 'exclusive = "yes"', "coupons[3].exclusive: is 'yes'.", "Write true or false."),
        ("ends = 2026-04-30", "ends = 2026-02-28", "coupons[3].ends: is '2026-02-28'.", "Write 2026-03-01 or later."),
        ("starts = 2026-03-01", 'starts = "soon"', "multipliers[0].starts: is 'soon'.", "Write a day such as"),
        ('kind = "survey"', 'kind = "poll"', "activities[2].kind: is 'poll'.", "Write one of visit, birthday"),
        ("weekdays = [2]", "weekdays = 2", "member_days[0].weekdays: is 2.", "Write a list in square brackets."),
        ("weekdays = [2]", "weekdays = [2, 2]", "member_days[0].weekdays[1]: is 2.", "Write each entry once."),
        ("grace_days", "grace", "tiers.grace: is 60.", "Remove it; known keys are by, period"),
        ('id = "gold"', 'id = "silver"', "tiers.levels[1].id: is 'silver'.", "Give each an id of its own."),
        ('tiers = ["gold"]', 'tiers = ["lead"]', "member_days[1].tiers[0]: is 'lead'.", "Name a tier of this file"),
        ("[redeeming]", "[[redeeming]]", "redeeming: is [{", "Write it as a table, [redeeming]."),
        ("\n[programme]", "\n[programs]", "programs: is {", "Remove it; known keys are programme, lots"),
        ("[lots]", "[lots", "not TOML", "Mend the line named"),
    ],
)
def test_each_kind_of_mistake_is_named_with_key_value_and_remedy(
    tmp_path: Path, before: str, after: str, mistake: str, remedy: str
) -> None:
    text = EXAMPLE.read_text("utf-8")
    assert before in text
    file = written(tmp_path, text.replace(before, after, 1))
    for arguments, expected in ((("check",), 3), (("explain",), 1)):
        status, said = ask(*arguments, file)
        assert status == expected
        assert said.startswith(f"✗ {file}: ")
        assert said.count("✗") == 1
        assert mistake in said
        assert remedy in said


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xff\xfe\x00", "not UTF-8 text at byte 0"),
        (b"", "programme: is missing"),
        (b"#" * (1024 * 1024 + 1), "larger than 1048576 bytes"),
        (b"lots = " + b"[" * 5_000, "too large to read"),
        (b"lots = 1" + b"0" * 5_000, "too large to read"),
        (RATE.encode() + b"points = 0x" + b"f" * 5_000, "programme.points: is too large to show"),
        (b'"' + b"k" * 9_000 + b'" = 1', "k…: is 1"),
        (b'"\\u001b[2J" = 1', "'\\x1b[2J': is 1"),
    ],
)
def test_hostile_content_is_one_readable_message(tmp_path: Path, content: bytes, problem: str) -> None:
    status, said = ask("check", written(tmp_path, content))
    assert status == 3
    assert problem in said
    assert "→" in said
    assert len(said) < 1_000
    assert said.isprintable()


def test_a_folder_and_a_file_that_is_not_there_are_said_plainly(tmp_path: Path) -> None:
    status, said = ask("check", tmp_path)
    assert (status, "is a folder" in said) == (3, True)
    status, said = ask("check", tmp_path / "none.toml")
    assert (status, "there is no such file" in said) == (3, True)


def test_a_doubt_is_a_warning_and_fails_only_a_strict_check(tmp_path: Path) -> None:
    file = written(tmp_path, WASTEFUL)
    status, said = ask("check", file)
    assert status == 0
    assert "! redeeming.points: at the best rate its 1 points" in said
    assert "Ask 4 points or more, or give less." in said
    status, said = ask("check", file, "--strict")
    assert status == 3
    assert "warnings: 1; --strict allows none." in said


def test_config_check_knows_the_whole_file_by_any_of_its_sections_and_warns_too(tmp_path: Path) -> None:
    result = runner.invoke(app, ["config", "check", str(EXAMPLE), str(written(tmp_path, WASTEFUL))])
    assert result.exit_code == 0, result.output
    assert "1 points per 100 minor units of CNY" in " ".join(result.output.split())
    assert "redeeming.points: at the best rate" in " ".join(result.output.split())
    result = runner.invoke(app, ["config", "check", str(written(tmp_path, "[tiers]\ngrace_days = 1\n"))])
    assert result.exit_code == 3
    assert "programme: is missing" in " ".join(result.output.split())


def test_the_explanation_names_every_section_and_everything_in_it() -> None:
    status, said = ask("explain", EXAMPLE)
    assert status == 0
    places = [said.index(f"[{section}]") for section in SECTIONS]
    assert len(set(places)) == len(SECTIONS)
    for promise in (
        "Each full 1.00 CNY of a receipt earns 1 point.",
        "Points are pending for 7 days, then they can be spent.",
        "Points expire at the end of the month, 12 months later.",
        "Goods of coffee earn 200 % of the usual points (double-coffee), from 2026-03-01 until 2026-03-31.",
        "2 points for a visit, once a day (visit), at most 10 times a month.",
        "“Gold” from 5,000.00 CNY: 5 % off every purchase, 125 % of the usual points and new goods 2 days before",
        "“A harbour cup” for 1,500 points: worth 39.00 CNY; a point is worth 2.6 minor units.",
        "“10.00 off” for 400 points: takes 10.00 CNY off the receipt; a point is worth 2.5 minor units.",
        "up to 50 % of the price; a point is worth 2 minor units.",
        "The type new (no purchases so far) is offered a welcome pack, once (welcome-pack)",
        "The type regular (everybody else) is offered news and promotions.",
        "“Founding day” on 2026-09-18: 200 % of the usual points, only for members of the tier gold.",
    ):
        assert promise in said


def test_coupons_are_explained_in_the_order_they_are_taken_off(tmp_path: Path) -> None:
    usual = ["senior-8", "welcome-10", "free-coffee", "spring-20", "birthday-cake", "welcome-pack"]
    text = EXAMPLE.read_text("utf-8")
    gifts_first = text.replace('"percent", "amount", "gift", "points"]', '"gift", "amount", "percent", "points"]')
    for content, order in ((text, usual), (gifts_first, [*usual[4:], *usual[2:4], *usual[:2]])):
        said = explained(tmp_path, content).partition("[coupons]")[2]
        assert sorted(usual, key=lambda coupon: said.index(f"({coupon}):")) == order


def test_a_programme_of_its_rate_alone_is_said_to_promise_nothing_else(tmp_path: Path) -> None:
    said = explained(tmp_path, RATE.replace("CNY", "JPY"))
    for promise in (
        "Each full 100 JPY of a receipt earns 1 point.",
        "Points can be spent at once. · Points never expire.",
        "Nothing beside spending earns points.",
        "There are no tiers.",
        "Points do not pay at the till.",
        "Points buy no rewards.",
        "There are no coupons.",
        "There are no member types; all members are offered the same.",
        "There are no member days.",
    ):
        assert promise in said


@pytest.mark.parametrize(
    ("section", "promise"),
    [
        ('[lots]\nexpiry = "days"\nafter = 1\n', "Points expire after 1 day, counted from the day they were earned."),
        ('[lots]\nexpiry = "year_end"\n', "Points expire on 31 December of the year in which they were earned."),
        ('[tiers]\nby = "visits"\n[[tiers.levels]]\nid = "a"\nname = "A"\nat = 3\n', "“A” from 3 visits: no benefits."),
        ("[redeeming]\npoints = 1000\nvalue_minor = 1\n", "a point is worth less than 0.01 minor units."),
        (
            "[earning.referral]\n",
            "A member who was brought gets nothing, after the friend's first purchase of 0.01 CNY",
        ),
        (
            '[[member_types]]\nid = "t"\npurchases_min = 2\npurchases_max = 9\n',
            "The type t (purchases so far: 2 to 9) is offered nothing.",
        ),
        (
            '[[member_days]]\nid = "d"\nname = "D"\nmonth_days = [1, 15]\nweekdays = [7]\nstores = ["s1", "s2"]\n',
            "“D” on Sundays and on day 1 and 15 of the month: no discount, the usual points, only in s1 or s2.",
        ),
    ],
)
def test_what_the_example_does_not_use_is_explained_too(tmp_path: Path, section: str, promise: str) -> None:
    assert promise in explained(tmp_path, RATE + section)


def test_the_schema_is_printed_as_json_without_a_file() -> None:
    result = runner.invoke(app, ["programme", "explain", "--schema"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == json_schema()


def test_without_a_file_and_without_schema_the_usage_is_wrong() -> None:
    status, said = ask("explain")
    assert status == 2
    assert "regulars programme explain programme.toml" in said
