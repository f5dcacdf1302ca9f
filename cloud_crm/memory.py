"""What the collector of garbage is told about a process that lands events."""

from __future__ import annotations

import gc

YOUNG_OBJECTS_MAX = 150_000
"""New objects between two looks at them; the default of 700 walks a group of events some fifty times."""


def settle_memory() -> None:
    """What is in memory now stays and is no longer walked; what comes is walked once a group, not all the time.

    A landed group dies by its reference counts; the collector is only for cycles. To be called once,
    when the process is built.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS_MAX, *gc.get_threshold()[1:])
