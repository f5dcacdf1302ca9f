"""``python -m kiosk_ui.gallery``."""

from kiosk_ui.gallery.server import main

if __name__ == "__main__":
    main()
