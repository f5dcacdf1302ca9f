"""The lights of the control page: counted from real signals, and worded in both languages."""

from __future__ import annotations

from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from edge_agent.tap_path import Station
from simulation.control.stations import StationLog, landed

CONTROL = Path(__file__).resolve().parents[3] / "simulation" / "control"
TRACE = '"traceparent": "00-915afd96dd3ed7c5e9f6bd338ffbc12e-1af501d6fdf0d4ec-01"'


def test_each_passage_in_the_log_is_counted_once(tmp_path: Path) -> None:
    log = tmp_path / "edge.log"
    lights = StationLog(log)
    assert lights.read_on() is False
    log.write_text(f'{{{TRACE}, "event": "sense"}}\n{{{TRACE}, "event": "rec', encoding="utf-8")
    assert lights.read_on() is True
    assert (lights.passed["sense"], lights.passed["record"]) == (1, 0)
    with log.open("a", encoding="utf-8") as file:
        file.write('ord"}\n')
    assert lights.read_on() is True
    assert lights.read_on() is False
    assert lights.passed["record"] == 1


def test_other_log_lines_light_nothing(tmp_path: Path) -> None:
    log = tmp_path / "edge.log"
    log.write_text(
        '{"event": "sense", "device": "reader-1"}\n'
        f"not json {TRACE}\n"
        f'{{{TRACE}, "event": "uplink"}}\n'
        f"[{TRACE.replace(':', ',')}]\n",
        encoding="utf-8",
    )
    lights = StationLog(log)
    assert lights.read_on() is False
    assert set(lights.passed.values()) == {0}


def test_uplink_and_post_come_from_the_figures_of_both_ends() -> None:
    status = {"lanes": {"ledger": {"acked": 7}}}
    fleet = {"lanes": {"ledger": {"received": 9}}}
    assert landed(status, fleet) == {Station.UPLINK: 7, Station.POST: 9}
    assert landed(None, None) == {}
    assert landed(None, {"lanes": {}}) == {Station.POST: 0}


def test_every_word_of_the_control_page_is_there_in_chinese() -> None:
    options = {"**.html": {"trimmed": "true", "extensions": "jinja2.ext.i18n"}}
    method = [("**.html", "jinja2.ext:babel_extract")]
    used = {message for _, _, message, *_ in extract_from_dir(str(CONTROL / "templates"), method, options)}
    with (CONTROL / "locales" / "zh_CN.po").open("rb") as file:
        catalogue = read_po(file, locale="zh_CN")
    written = {message.id for message in catalogue if message.id and message.string}
    assert used
    assert used - written == set()
    assert written - used == set()
