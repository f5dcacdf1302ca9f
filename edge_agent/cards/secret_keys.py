"""The keys this store's configuration names, read once."""

from __future__ import annotations

from devices.ntag424.keys import key_from_text
from edge_agent.cards.desk import CardSecrets
from edge_agent.config import EdgeSettings, read_secret


def card_secrets(settings: EdgeSettings) -> CardSecrets:
    """What opens keys and messages of cards. Raises ``ValueError`` for a meta key that is none."""
    file = settings.cards.meta_key_file
    return CardSecrets(
        medium_key=read_secret(settings.gateway.medium_key_file),
        gateway_secret=read_secret(settings.gateway.secret_file),
        meta_key=key_from_text(read_secret(file)) if file else None,
    )
