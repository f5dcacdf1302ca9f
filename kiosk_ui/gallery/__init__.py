"""Every component and every screen with sample data, for whoever designs, translates or tests them.

``python -m kiosk_ui.gallery`` serves it on this machine; no program of the product does.
"""

from kiosk_ui.gallery.board_samples import BOARD, BOARDS, SampleFloor
from kiosk_ui.gallery.kiosk_samples import SCREENS
from kiosk_ui.gallery.server import gallery
from kiosk_ui.gallery.staff_samples import ALARMING, STATUS

__all__ = ["ALARMING", "BOARD", "BOARDS", "SCREENS", "STATUS", "SampleFloor", "gallery"]
