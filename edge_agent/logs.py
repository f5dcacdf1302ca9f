"""Log lines: one JSON object each for machines, aligned text for people at a terminal.

Event names are the stations of a tap: sense, record, identify, decide, commit, show, uplink, post;
``service`` is the gateway itself. No names, no card numbers, no code texts: values under the
keys in ``PRIVATE_KEYS`` are withheld even if somebody passes them.
"""

from __future__ import annotations

import logging
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

PRIVATE_KEYS = frozenset({"uid", "card", "text", "code", "number", "number_hex", "password", "secret", "display_name"})
TEXT_LENGTH_MAX = 4_000


def set_up_logs(stream: TextIO, *, debug: bool = False) -> None:
    """Send all log lines, those of libraries included, to ``stream``. Call once, first thing in a process."""
    chain: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _withhold_private,
        structlog.processors.format_exc_info,
        _cut_long_text,
    ]
    render: Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if stream.isatty()
        else structlog.processors.JSONRenderer(default=repr)
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=chain,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    for chatty in ("uvicorn", "nfc", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *chain, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _withhold_private(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    for key in PRIVATE_KEYS & event.keys():
        event[key] = "(withheld)"
    return event


def _cut_long_text(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        if isinstance(value, str) and len(value) > TEXT_LENGTH_MAX:
            event[key] = f"{value[:TEXT_LENGTH_MAX]}…"
    return event
