"""``regulars devices``: what is attached, how it stands, and whether it works."""

from provisioning.commands.devices.commands import app

__all__ = ["app"]
