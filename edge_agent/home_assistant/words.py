"""What things are called in Home Assistant, in the store's language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from devices.readings import Measure
from edge_agent.alerts.messages import KINDS, LOCALES, plain
from edge_agent.floor.findings import AlertKind
from kiosk_ui.design.catalogues import translations
from kiosk_ui.design.languages import CHINESE, ENGLISH, language_of
from kiosk_ui.staff.board import AlertView, SlotView

_WORDS = {
    "acknowledge": ("I am on it", "我来处理"),
    "acknowledge_first": ("I am on the most urgent", "我来处理最紧急的"),
    "alert": ("Alert", "告警"),
    "alerts": ("Open alerts", "未结告警"),
    "durability": ("Journal", "日志"),
    "link": ("Head office", "总部连接"),
    "low": ("Low", "缺货预警"),
    "out": ("Sold out", "售罄"),
    "pieces": ("pcs", "件"),
    "sensors": ("Sensors", "传感器"),
    "shelves": ("Shelves", "货架"),
    "software": ("Software", "软件版本"),
    "stock": ("Stock", "库存"),
    Measure.WEIGHT: ("Weight", "重量"),
    Measure.TEMPERATURE: ("Temperature", "温度"),
    Measure.HUMIDITY: ("Humidity", "湿度"),
    Measure.BATTERY: ("Battery", "电量"),
    Measure.DOOR: ("Door", "门"),
    Measure.MOTION: ("Motion", "移动"),
    Measure.OCCUPANCY: ("Presence", "有人"),
    Measure.PROBLEM: ("Problem", "故障"),
}


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language."""

    is_chinese: bool
    say: Callable[[str], str]

    @classmethod
    def of(cls, tag: str) -> Words:
        """Those for a tag such as ``zh-CN``; English for a language there is none of."""
        language = language_of(tag) or ENGLISH
        return cls(language is CHINESE, translations(language, (LOCALES,)).gettext)

    def __call__(self, key: str) -> str:
        return _WORDS[key][self.is_chinese]

    def slot(self, slot: SlotView) -> str:
        """A slot, by its place and its article."""
        names = (slot.name_zh, slot.name_en) if self.is_chinese else (slot.name_en, slot.name_zh)
        return " ".join((slot.slot, plain(next((name for name in names if name), slot.sku)))).strip()

    def alert(self, alert: AlertView) -> str:
        """An alert, as staff read it."""
        names = (alert.name_zh, alert.name_en) if self.is_chinese else (alert.name_en, alert.name_zh)
        what = plain(next((name for name in names if name), alert.subject))
        if alert.kind not in set(AlertKind):
            return f"{alert.kind}: {what}"
        return self.say(KINDS[AlertKind(alert.kind)].title).format(what=what)
