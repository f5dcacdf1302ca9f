"""The configuration of a gateway: what ``edge.toml`` may say, and what is said when it says something else."""

from edge_agent.config.device_settings import DeviceTable, SupervisionSettings
from edge_agent.config.problems import ConfigError
from edge_agent.config.secret_files import SecretError, read_secret, too_open
from edge_agent.config.settings import (
    CounterSettings,
    EdgeSettings,
    GatewaySettings,
    JournalLimits,
    RightsSettings,
    VisitSettings,
    WebSettings,
)

__all__ = [
    "ConfigError",
    "CounterSettings",
    "DeviceTable",
    "EdgeSettings",
    "GatewaySettings",
    "JournalLimits",
    "RightsSettings",
    "SecretError",
    "SupervisionSettings",
    "VisitSettings",
    "WebSettings",
    "read_secret",
    "too_open",
]
