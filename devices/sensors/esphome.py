"""What is particular to ESPHome's MQTT: the topics of a node, and identifiers that name no single sensor.

Topics (https://esphome.io/components/mqtt): ``<node>/status`` is ``online`` or, by last will, ``offline``;
``<node>/sensor/<id>/state`` a number or ``nan``; ``<node>/binary_sensor/<id>/state`` ``ON`` or ``OFF``. They carry no
unit, so a node is read by its announcements, or by the mapping file where it makes none.
"""

from __future__ import annotations


def status_topic(node: str) -> str:
    """Where a node says whether it is there."""
    return f"{node}/status"


def state_topic(node: str, component: str, sensor: str) -> str:
    """Where a node says what ``sensor`` (a ``sensor`` or a ``binary_sensor``) measured."""
    return f"{node}/{component}/{sensor}/state"


def is_ambiguous(unique_id: str, object_id: str) -> bool:
    """Whether this is ESPHome's older kind of identifier, which two nodes with a sensor of one name share."""
    return unique_id in {f"ESPsensor{object_id}", f"ESPbinary_sensor{object_id}"}
