"""The shelf and the regulars of the simulated store: invented, bilingual, with prices in fen."""

from __future__ import annotations

from dataclasses import dataclass

IN_STORE_PREFIX = "20"
"""GS1 prefix for numbers a shop gives out itself: it can never be another firm's product."""


@dataclass(frozen=True, slots=True)
class Product:
    """An article: ``price_minor`` in fen, ``weight`` how often it is bought relative to the others."""

    sku: str
    name_zh: str
    name_en: str
    price_minor: int
    weight: int

    @property
    def name(self) -> str:
        """As printed on the receipt."""
        return f"{self.name_zh} {self.name_en}"


def ean13(first_twelve: str) -> str:
    """Append the check digit. Raises ``ValueError`` unless twelve digits are given."""
    if len(first_twelve) != 12 or not first_twelve.isdecimal():
        raise ValueError(f"twelve digits are needed, not {first_twelve!r:.40}")
    odd = sum(map(int, first_twelve[::2]))
    even = sum(map(int, first_twelve[1::2]))
    return f"{first_twelve}{-(odd + 3 * even) % 10}"


_SHELF = (
    ("茉莉花茶", "Jasmine tea", 2_880, 6),
    ("龙井茶", "Longjing tea", 8_800, 3),
    ("酸梅汤", "Sour plum drink", 650, 9),
    ("豆浆", "Soy milk", 450, 12),
    ("鲜牛奶", "Fresh milk", 890, 12),
    ("无糖酸奶", "Plain yoghurt", 720, 10),
    ("矿泉水", "Mineral water", 250, 15),
    ("拿铁咖啡", "Caffè latte", 1_800, 8),
    ("葱油饼", "Scallion pancake", 600, 8),
    ("肉松面包", "Pork floss bun", 780, 10),
    ("红豆吐司", "Red bean toast", 1_250, 7),
    ("茶叶蛋", "Tea egg", 200, 14),
    ("饭团", "Rice ball", 690, 12),
    ("方便面", "Instant noodles", 520, 8),
    ("香葱饼干", "Chive biscuits", 990, 6),
    ("海苔", "Roasted seaweed", 1_190, 5),
    ("坚果礼盒", "Nut gift box", 12_800, 1),
    ("苹果", "Apples, a bag", 1_580, 7),
    ("香蕉", "Bananas, a hand", 1_120, 7),
    ("抽纸", "Tissues", 1_390, 6),
    ("洗手液", "Hand soap", 1_690, 3),
    ("牙膏", "Toothpaste", 1_980, 3),
    ("雨伞", "Umbrella", 3_990, 1),
    ("充电线", "Charging cable", 2_590, 2),
)

PRODUCTS: tuple[Product, ...] = tuple(
    Product(ean13(f"{IN_STORE_PREFIX}{number:010d}"), zh, en, price, weight)
    for number, (zh, en, price, weight) in enumerate(_SHELF, start=1)
)

_FAMILY_ZH = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
_GIVEN_ZH = ("晓雨", "建国", "思远", "海燕", "子涵", "明哲", "雅琴", "志强", "欣怡", "文博")
_GIVEN_EN = ("Alex", "Maria", "Noah", "Priya", "Tom", "Elena", "Sam", "Aisha", "Leo", "Grace")
_FAMILY_EN = ("Baker", "Costa", "Evans", "Haddad", "Ito", "Lindqvist", "Novak", "Okafor", "Rossi", "Singh")

NAMES_MAX = len(_FAMILY_ZH) * len(_GIVEN_ZH) + len(_GIVEN_EN) * len(_FAMILY_EN)


def member_name(number: int) -> tuple[str, str]:
    """The invented name and language of member ``number``; two in three are Chinese. Repeats after ``NAMES_MAX``."""
    turn, third = divmod(number, 3)
    if third == 2:
        given, family = _GIVEN_EN[turn % len(_GIVEN_EN)], _FAMILY_EN[(turn // len(_GIVEN_EN) + turn) % len(_FAMILY_EN)]
        return f"{given} {family}", "en"
    index = turn * 2 + third
    given = _GIVEN_ZH[(index // len(_FAMILY_ZH) + index) % len(_GIVEN_ZH)]
    return _FAMILY_ZH[index % len(_FAMILY_ZH)] + given, "zh-CN"
