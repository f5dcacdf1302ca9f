"""The design system: pages in two languages, the assets they need and the headers that guard them."""

from kiosk_ui.design.assets import assets
from kiosk_ui.design.languages import CHINESE, ENGLISH, LANGUAGES, Language
from kiosk_ui.design.pages import Pages
from kiosk_ui.design.security import SecurityHeaders

__all__ = ["CHINESE", "ENGLISH", "LANGUAGES", "Language", "Pages", "SecurityHeaders", "assets"]
