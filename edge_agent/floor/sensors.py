"""What every sensor said last, how old that is, and whether it can be believed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import structlog

from devices.observations import DeviceState
from devices.readings import Measure, SensorBack, SensorFound, SensorLost, SensorRead, SensorWord

SENSORS_MAX = 1_000
PATIENCE = 3.0
"""Intervals without a sample after which a sensor that reports regularly is stale."""
STALE_AFTER_S = 180.0
"""The age at which a sample is stale where its sensor did not say how often it reports."""
_log = structlog.get_logger("sense")


def sensor_id(device: str, sensor: str) -> str:
    """The name of a sensor in this store: ``device/sensor``, or just ``device`` for a device that is one sensor."""
    return f"{device}/{sensor}" if sensor else device


@dataclass(frozen=True, slots=True)
class Sensor:
    """One sensor as it is known now. ``read_s`` is on the monotonic clock; ``None`` before the first sample."""

    id: str
    device: str
    measure: Measure
    found: SensorFound | None = None
    last: SensorRead | None = None
    read_s: float | None = None
    state: DeviceState = DeviceState.CONNECTING
    reason: str = ""

    def age_s(self, now_s: float) -> float | None:
        """How old its sample is; ``None`` without one, and for a state of unknown age."""
        return None if self.read_s is None else max(0.0, now_s - self.read_s)

    def is_stale(self, now_s: float) -> bool:
        """Whether its sample is too old to be shown as the present."""
        if self.found is not None and self.found.has_presence:
            return False
        age_s = self.age_s(now_s)
        interval_s = self.found.interval_s if self.found else None
        if interval_s is None and (self.measure.is_binary or self.measure is Measure.BATTERY):
            # A door that nobody opens has nothing to say, and a battery says so once a day.
            return False
        limit_s = STALE_AFTER_S if interval_s is None else PATIENCE * interval_s
        return age_s is not None and age_s > limit_s


class Sensors:
    """Every sensor of the store, by what it measures: a probe of temperature and humidity is two of them.

    ``wanted`` names those that something in the store rests on: they find room however many others there are.
    """

    def __init__(self, *, monotonic: Callable[[], float], wanted: Collection[str] = ()) -> None:
        self._monotonic = monotonic
        self._wanted = frozenset(wanted)
        self._known: dict[tuple[str, Measure], Sensor] = {}
        self._measures: dict[str, list[Measure]] = {}
        """What each sensor measures: all sensors of a device may say at once that they are gone."""
        self.refused = 0
        """Words of sensors beyond :data:`SENSORS_MAX`."""

    def all(self) -> tuple[Sensor, ...]:
        """In the order in which they were first heard of."""
        return tuple(self._known.values())

    def hear(self, device: str, word: SensorWord) -> tuple[Sensor, ...]:
        """Take in what a device said; returns the sensors it concerns, as they are now."""
        name = sensor_id(device, word.sensor)
        heard: tuple[Sensor, ...]
        match word:
            case SensorRead() | SensorFound():
                known = self._known.get((name, word.measure)) or Sensor(name, device, word.measure)
                heard = (self._read(known, word) if isinstance(word, SensorRead) else replace(known, found=word),)
            case SensorLost(is_for_good=True) if name not in self._wanted:
                self._forget(name)
                heard = ()
            case SensorLost(reason=reason):
                heard = tuple(replace(one, state=DeviceState.OFFLINE, reason=reason) for one in self._named(name))
            case SensorBack():
                heard = tuple(replace(one, state=DeviceState.ONLINE, reason="") for one in self._named(name))
        return tuple(one for one in heard if self._keep(one))

    def knows(self, name: str) -> bool:
        """Whether a sensor is one of this store."""
        return name in self._measures

    def device_changed(self, device: str, state: DeviceState, reason: str) -> tuple[Sensor, ...]:
        """A device that is gone takes its sensors with it; they come back with their next word."""
        if state is not DeviceState.OFFLINE:
            return ()
        gone = [one for one in self._known.values() if one.device == device]
        return tuple(one for one in (replace(one, state=state, reason=reason) for one in gone) if self._keep(one))

    def _read(self, known: Sensor, word: SensorRead) -> Sensor:
        # What was found on connecting may be hours old: it is shown, and ages from no known moment.
        read_s = known.read_s if word.is_retained else self._monotonic()
        return replace(known, last=word, read_s=read_s, state=DeviceState.ONLINE, reason="")

    def _forget(self, name: str) -> None:
        for measure in self._measures.pop(name, ()):
            del self._known[name, measure]

    def _named(self, name: str) -> list[Sensor]:
        return [self._known[name, measure] for measure in self._measures.get(name, ())]

    def _keep(self, sensor: Sensor) -> bool:
        key = (sensor.id, sensor.measure)
        if key not in self._known:
            if len(self._known) >= SENSORS_MAX and sensor.id not in self._wanted:
                self.refused += 1
                if self.refused == 1:
                    _log.warning("sense", device=sensor.device, problem=f"more than {SENSORS_MAX} sensors: no more fit")
                return False
            self._measures.setdefault(sensor.id, []).append(sensor.measure)
        self._known[key] = sensor
        return True
