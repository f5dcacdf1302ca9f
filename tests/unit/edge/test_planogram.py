"""The planogram: read whole, or refused with the line, the column and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge_agent.config import ConfigError, EdgeSettings
from edge_agent.floor.plan import floor_doubts, plan_of
from edge_agent.shelves.planogram import COLUMNS, SLOTS_MAX, PlannedSlot, load_planogram
from provisioning.cli import app
from provisioning.failures import Exit
from provisioning.store_folder import StoreAnswers, write_folder

ANSWERS = StoreAnswers("store-1", "店", "en", "UTC", "CNY", "127.0.0.1", 1883, "regulars", ("/bin/true",))
HEADER = ",".join(COLUMNS)
TEA = "A1,2000000000015,茉莉花茶,Jasmine tea,520,12,4,shelves,bus/scale-1,light-1"


def written(tmp_path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    file = tmp_path / "planogram.csv"
    file.write_text("\n".join((HEADER, *lines)) + "\n", encoding=encoding)
    return file


def test_every_column_is_read(tmp_path: Path) -> None:
    assert load_planogram(written(tmp_path, TEA)) == (
        PlannedSlot(
            slot="A1",
            sku="2000000000015",
            name_zh="茉莉花茶",
            name_en="Jasmine tea",
            unit_weight_g=520.0,
            capacity=12,
            reorder_at=4,
            zone="shelves",
            scale="bus/scale-1",
            light="light-1",
        ),
    )


def test_a_file_saved_by_a_spreadsheet_is_read(tmp_path: Path) -> None:
    file = tmp_path / "planogram.csv"
    file.write_bytes(("\ufeff" + HEADER + "\r\n" + 'B1,BUN-1,"面包, 甜","Bun, sweet",62.5,10,3,,,\r\n\r\n').encode())
    (bun,) = load_planogram(file)
    assert (bun.name_en, bun.unit_weight_g, bun.scale) == ("Bun, sweet", 62.5, "")


def test_a_slot_without_a_scale_needs_no_weight(tmp_path: Path) -> None:
    (bun,) = load_planogram(written(tmp_path, "B1,BUN-1,面包,Bun,,10,3,,,"))
    assert bun.unit_weight_g is None


def test_one_article_may_stand_in_two_slots(tmp_path: Path) -> None:
    again = TEA.replace("A1", "A2").replace("scale-1", "scale-2")
    assert [slot.slot for slot in load_planogram(written(tmp_path, TEA, again))] == ["A1", "A2"]


@pytest.mark.parametrize(
    ("line", "place", "remedy"),
    [
        (TEA.replace("A1", ""), "slot", "Begin with a letter or digit"),
        (TEA.replace("A1", "shelf one"), "slot", "letters, digits"),
        (TEA.replace("2000000000015", "2000000000016"), "sku", "spreadsheet may have rounded"),
        (TEA.replace("2000000000015", "2E+12"), "sku", "Format the column as text"),
        (TEA.replace("2000000000015", ""), "sku", "Begin with a letter or digit"),
        (TEA.replace("茉莉花茶", ""), "name_zh", "1 to 120 characters"),
        (TEA.replace("Jasmine tea", "x" * 121), "name_en", "1 to 120 characters"),
        (TEA.replace("Jasmine tea", "Tea\x07"), "name_en", "without tabs"),
        (TEA.replace("520", "0"), "unit_weight_g", "above 0"),
        (TEA.replace("520", "-5"), "unit_weight_g", "above 0"),
        (TEA.replace("520", "0.5kg"), "unit_weight_g", "such as 330"),
        (TEA.replace("520", ""), "unit_weight_g", "grams of one unit"),
        (TEA.replace("520", "52000"), "unit_weight_g", "how many units fit"),
        (TEA.replace("12,4", "0,0"), "capacity", "take out a slot"),
        (TEA.replace("12,4", "12,-4"), "reorder_at", "whole number"),
        (TEA.replace("12,4", "12,13"), "reorder_at", "up to the capacity"),
        (TEA.replace("12,4", "１２,4"), "capacity", "whole number"),
        (TEA.replace("12,4", "99999999999999999999,4"), "capacity", "whole number"),
        (TEA + ",more", "", "Write: slot,sku"),
        (TEA.replace("shelves", "z" * 41), "zone", "0 to 40"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_column(tmp_path: Path, line: str, place: str, remedy: str) -> None:
    good = TEA.replace("A1", "Z9").replace("scale-1", "scale-9")
    with pytest.raises(ConfigError) as refused:
        load_planogram(written(tmp_path, good, line))
    assert refused.value.key == ("line 3: " + place if place else "line 3")
    assert remedy in refused.value.remedy


def test_a_scale_weighs_one_slot(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="already weighs the slot on line 2"):
        load_planogram(written(tmp_path, TEA, TEA.replace("A1", "A2")))


def test_an_article_has_one_weight(tmp_path: Path) -> None:
    other = TEA.replace("A1", "A2").replace("scale-1", "scale-2").replace("520", "521")
    with pytest.raises(ConfigError, match="weighs 520 g on line 2 and 521 g here"):
        load_planogram(written(tmp_path, TEA, other))


def test_zones_are_those_of_the_store(tmp_path: Path) -> None:
    file = written(tmp_path, TEA)
    assert load_planogram(file, zones=("shelves",))
    with pytest.raises(ConfigError, match="Known zones: counter, entrance"):
        load_planogram(file, zones=("entrance", "counter"))


def test_the_columns_of_an_earlier_version_are_known_again(tmp_path: Path) -> None:
    file = tmp_path / "planogram.csv"
    file.write_text("shelf,slot,sku,name,facings,capacity,reorder_at\nA,1,1,Tea,1,2,1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="an earlier version"):
        load_planogram(file)


def test_a_planogram_without_end_is_refused(tmp_path: Path) -> None:
    lines = (f"S{number},SKU-{number},货,Article,,1,0,,," for number in range(SLOTS_MAX + 1))
    with pytest.raises(ConfigError, match=f"more than {SLOTS_MAX} slots"):
        load_planogram(written(tmp_path, *lines))


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "planogram.csv"
    file.write_bytes(b"\xff\xfe\x00slot")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_planogram(file)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_planogram(tmp_path)


@pytest.mark.parametrize(
    ("line", "place", "remedy"),
    [
        (TEA.replace("bus/scale-1", "buss/scale-1"), "slot A1: scale", "known [[devices]]: reader-1, scanner-1, tills"),
        (TEA.replace("bus/scale-1", ""), "slot A1: light", "known [[indicators]]: none"),
    ],
)
def test_what_a_plan_names_is_attached(tmp_path: Path, line: str, place: str, remedy: str) -> None:
    folder = tmp_path / "store"
    write_folder(folder, ANSWERS)
    written(folder, line)
    with pytest.raises(ConfigError) as refused:
        plan_of(EdgeSettings.load(folder / "edge.toml"))
    assert refused.value.key == place
    assert remedy in refused.value.remedy
    result = CliRunner().invoke(app, ["config", "check", str(folder / "edge.toml")])
    assert result.exit_code == Exit.CHECK_FAILED


def test_limits_of_a_sensor_that_is_not_there_are_doubted(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    write_folder(folder, ANSWERS)
    file = folder / "edge.toml"
    limits = '\n[[floor.temperatures]]\nsensor = "bus/fridge"\nhigh = 8.0\n'
    file.write_text(file.read_text(encoding="utf-8") + limits, encoding="utf-8")
    settings = EdgeSettings.load(file)
    assert plan_of(settings)[0].slot == "A1"
    assert list(floor_doubts(settings)) == ["floor.temperatures names the sensor 'bus/fridge' of no configured device"]
