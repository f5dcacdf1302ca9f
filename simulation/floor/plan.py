"""Where the goods of the simulated store stand: shelves, slots, load cells, lights, zones."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from simulation.day.assortment import PRODUCTS, Product

PLANOGRAM_COLUMNS = (
    "slot", "sku", "name_zh", "name_en", "unit_weight_g", "capacity", "reorder_at", "zone", "scale", "light",
)  # fmt: skip
NODE_CELLS_MAX = 4
"""Load cells that one scale node of the store reads."""


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """One slot: ``shelf`` names the node that weighs it, or a shelf without scales (``is_weighed`` is false)."""

    shelf: str
    number: int
    product: Product
    unit_weight_g: int
    capacity: int
    reorder_at: int
    zone: str
    is_weighed: bool = True
    tray_g: int = 400

    @property
    def slot(self) -> str:
        """As staff call it."""
        return f"{self.shelf}{self.number}"

    @property
    def cell(self) -> str:
        """The name of its load cell within its node."""
        return f"slot_{self.number}"


@dataclass(frozen=True)
class FloorPlan:
    """Every slot of a store."""

    slots: tuple[SlotPlan, ...]

    @cached_property
    def by_slot(self) -> dict[str, SlotPlan]:
        return {plan.slot: plan for plan in self.slots}

    @cached_property
    def by_sku(self) -> dict[str, SlotPlan]:
        """Where an article belongs."""
        return {plan.product.sku: plan for plan in self.slots}

    @property
    def nodes(self) -> tuple[str, ...]:
        """The shelves with scales, in their order."""
        return tuple(dict.fromkeys(plan.shelf for plan in self.slots if plan.is_weighed))

    def cells_of(self, node: str) -> tuple[SlotPlan, ...]:
        """What a node weighs."""
        return tuple(plan for plan in self.slots if plan.is_weighed and plan.shelf == node)

    def __post_init__(self) -> None:
        for node in self.nodes:
            if len(self.cells_of(node)) > NODE_CELLS_MAX:
                raise ValueError(f"a scale node reads at most {NODE_CELLS_MAX} cells; shelf {node} has more slots")


_ROWS = (
    # shelf, article, weight of one in grams, capacity, reorder at, zone
    ("A", "Soy milk", 318, 14, 5, "冷藏 Chilled"),
    ("A", "Fresh milk", 982, 12, 4, "冷藏 Chilled"),
    ("A", "Plain yoghurt", 224, 14, 5, "冷藏 Chilled"),
    ("A", "Caffè latte", 342, 12, 4, "冷藏 Chilled"),
    ("B", "Mineral water", 566, 18, 6, "饮品 Drinks"),
    ("B", "Sour plum drink", 524, 14, 5, "饮品 Drinks"),
    ("B", "Jasmine tea", 186, 12, 4, "饮品 Drinks"),
    ("B", "Longjing tea", 262, 10, 3, "饮品 Drinks"),
    ("C", "Scallion pancake", 132, 12, 4, "面点 Bakery"),
    ("C", "Pork floss bun", 96, 14, 5, "面点 Bakery"),
    ("C", "Red bean toast", 384, 10, 3, "面点 Bakery"),
    ("C", "Rice ball", 118, 16, 6, "面点 Bakery"),
    ("D", "Instant noodles", 112, 14, 4, "零食 Snacks"),
    ("D", "Chive biscuits", 154, 12, 4, "零食 Snacks"),
    ("D", "Roasted seaweed", 46, 14, 4, "零食 Snacks"),
    ("D", "Tea egg", 64, 24, 8, "零食 Snacks"),
)
_UNWEIGHED_ROWS = (
    # Bags of fruit weigh what they weigh, and an umbrella is not worth a scale: these slots live on the tills' word.
    ("E", "Apples, a bag", 1_500, 12, 4, "水果 Fruit"),
    ("E", "Bananas, a hand", 1_100, 12, 4, "水果 Fruit"),
    ("E", "Tissues", 640, 14, 4, "日用 Household"),
    ("E", "Hand soap", 530, 10, 3, "日用 Household"),
    ("F", "Toothpaste", 170, 12, 3, "日用 Household"),
    ("F", "Umbrella", 410, 6, 1, "日用 Household"),
    ("F", "Charging cable", 60, 10, 2, "日用 Household"),
    ("F", "Nut gift box", 1_850, 24, 6, "日用 Household"),
)


def _plans() -> Iterator[SlotPlan]:
    articles = {product.name_en: product for product in PRODUCTS}
    numbers: dict[str, int] = {}
    for is_weighed, rows in ((True, _ROWS), (False, _UNWEIGHED_ROWS)):
        for shelf, name, weight_g, capacity, reorder_at, zone in rows:
            numbers[shelf] = numbers.get(shelf, 0) + 1
            yield SlotPlan(
                shelf, numbers[shelf], articles[name], weight_g, capacity, reorder_at, zone, is_weighed=is_weighed
            )


DEMO_FLOOR = FloorPlan(tuple(_plans()))
"""The floor of the demo's store: four shelves of four weighed slots, two of four without scales."""


def planogram_csv(plan: FloorPlan, *, scales: dict[str, str], lights: dict[str, str]) -> str:
    """The plan as the gateway's ``planogram.csv``; ``scales`` and ``lights`` name what serves a slot, by slot."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(PLANOGRAM_COLUMNS)
    for slot in plan.slots:
        article = slot.product
        goods = (slot.slot, article.sku, article.name_zh, article.name_en, slot.unit_weight_g)
        counts = (slot.capacity, slot.reorder_at, slot.zone)
        rows.writerow((*goods, *counts, scales.get(slot.slot, ""), lights.get(slot.slot, "")))
    return text.getvalue()
