"""``regulars cards``: what a card printer and a store need of the keys of cards that prove themselves."""

from provisioning.commands.cards.command import app

__all__ = ["app"]
