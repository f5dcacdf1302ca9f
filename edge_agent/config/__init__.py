"""The configuration of a gateway: what ``edge.toml`` may say, and what is said when it says something else."""

from edge_agent.config.problems import ConfigError
from edge_agent.config.secret_files import SecretError, read_secret, too_open
from edge_agent.config.settings import (
    BrokerSettings,
    CounterSettings,
    DeviceTable,
    EdgeSettings,
    GatewaySettings,
    JournalLimits,
    TlsSettings,
    WebSettings,
)

__all__ = [
    "BrokerSettings",
    "ConfigError",
    "CounterSettings",
    "DeviceTable",
    "EdgeSettings",
    "GatewaySettings",
    "JournalLimits",
    "SecretError",
    "TlsSettings",
    "WebSettings",
    "read_secret",
    "too_open",
]
