"""Golden files of all but events: what each end says today is pinned, and what was said before is still heard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from cloud_bridge.receipts import Hello, RightsStanding
from cloud_bridge.replica import ReplicaStep
from cloud_bridge.topics import Down, Lane, Up
from tests.contract.golden_messages import SPOKEN, messages

GOLDEN = Path(__file__).parent / "golden" / "messages"
FILES = sorted(GOLDEN.glob("*.json"))


def test_everything_that_is_spoken_has_a_golden_file() -> None:
    assert set(SPOKEN) == {channel.value for channel in (*Up, *Down)}
    assert {path.stem.partition(".")[0] for path in FILES} == set(SPOKEN) == set(messages())


@pytest.mark.parametrize("name", messages())
def test_what_is_said_is_what_is_pinned(name: str) -> None:
    assert messages()[name].model_dump_json().encode() == (GOLDEN / f"{name}.json").read_bytes()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_was_pinned_is_heard(path: Path) -> None:
    heard = SPOKEN[path.stem.partition(".")[0]].model_validate_json(path.read_bytes())
    assert heard.model_dump(mode="json", exclude_unset=True) == json.loads(path.read_bytes())


@pytest.mark.parametrize("name", messages())
def test_the_example_fills_every_field(name: str) -> None:
    empty = [
        f"{type(part).__name__}.{field}"
        for part in _parts(messages()[name])
        for field in set(type(part).model_fields) - part.model_fields_set
    ]
    assert empty == []


@pytest.mark.parametrize("name", messages())
def test_a_field_added_later_is_ignored(name: str) -> None:
    said = messages()[name]
    later = json.loads(said.model_dump_json()) | {"added_later": {"x": [1]}}
    assert SPOKEN[name].model_validate_json(json.dumps(later)) == said


def test_a_step_of_the_first_version_leases_nothing_and_tells_no_terms() -> None:
    step = ReplicaStep.model_validate_json((GOLDEN / "replica.first.json").read_bytes())
    assert (step.rights, step.coupons, step.undone) == ((), (), ())
    assert step.programme is not None
    assert step.programme.terms is None
    assert step.members[0].pin == ""


def test_a_gateway_that_names_no_start_is_still_greeted() -> None:
    hello = Hello.model_validate_json((GOLDEN / "hello.first.json").read_bytes())
    assert (hello.boot, hello.heads[Lane.LEDGER].sequence) == ("", 7)
    assert not RightsStanding(incarnation=hello.incarnation, standing="welcome", boot=hello.boot).is_first


def _parts(value: object) -> Iterator[BaseModel]:
    """A message and every message in it."""
    if isinstance(value, BaseModel):
        yield value
        for name in type(value).model_fields:
            yield from _parts(getattr(value, name))
    elif isinstance(value, tuple | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _parts(item)
