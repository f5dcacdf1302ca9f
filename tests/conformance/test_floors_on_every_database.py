"""What is said of shop floors holds on every database word for word."""

from __future__ import annotations

import pytest

from tests.unit.cloud.store_days import FakeClock
from tests.unit.cloud.test_floor_landing import *  # noqa: F403 - the same sentences


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
