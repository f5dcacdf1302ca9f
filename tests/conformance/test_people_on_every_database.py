"""What is said of people, budgets and standings holds on every database word for word."""

from __future__ import annotations

import pytest

from tests.unit.cloud.store_days import FakeClock
from tests.unit.cloud.test_coupon_budgets import *  # noqa: F403 - the same sentences
from tests.unit.cloud.test_people_landing import *  # noqa: F403
from tests.unit.cloud.test_standings import *  # noqa: F403


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
