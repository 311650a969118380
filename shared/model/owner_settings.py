"""What the owner has set on the page; what is None here is as the server's environment says."""

from datetime import time
from typing import Annotated

from pydantic import AfterValidator, Field

from shared.model.pace import PaceSettings
from shared.model.values import Told
from shared.model.versioned import Versioned
from shared.model.walltime import zone_of

OWNER = "owner"
"""The id of the one record of this kind."""

AWAKE_MINUTES = 60
"""So much of a day the quiet hours must leave, or what is late would never go."""


def _zone(name: str) -> str:
    zone_of(name)
    return name


def _quiet(text: str) -> str:
    if text != "off":
        start, end = quiet_hours(text)
        asleep = _minutes(end) - _minutes(start)
        if start == end or asleep % 1440 > 1440 - AWAKE_MINUTES:
            raise ValueError("quiet hours must leave at least an hour of the day")
    return text


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


def quiet_hours(text: str) -> tuple[time, time]:
    """When quiet hours begin and end, of a text like 22:00-08:00. Raises ValueError."""
    start, _, end = text.partition("-")
    return time.fromisoformat(start), time.fromisoformat(end)


Zone = Annotated[str, Field(max_length=64), AfterValidator(_zone)]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Quiet = Annotated[
    str,
    Field(pattern=r"^(off|([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)$"),
    AfterValidator(_quiet),
]
Gap = Annotated[float, Field(ge=0, le=600, allow_inf_nan=False)]
Cap = Annotated[int, Field(ge=1, le=100_000)]


class OwnerSettings(Versioned):
    """The record: each field means the environment's setting of the same meaning, and wins over it."""

    zone: Zone | None = None
    country: Country | None = None
    quiet: Quiet | None = None
    gap_seconds: Gap | None = None
    hourly: Cap | None = None
    daily: Cap | None = None
    strangers_daily: Cap | None = None

    def over(self, environment: PaceSettings) -> PaceSettings:
        """The pace that holds: the environment's, with what is set here in its place."""
        names = ("gap_seconds", "hourly", "daily", "strangers_daily")
        changes = {name: value for name in names if (value := getattr(self, name)) is not None}
        if self.quiet is not None:
            changes["quiet"] = None if self.quiet == "off" else quiet_hours(self.quiet)
        if self.zone is not None and not environment.own_zone:
            changes["zone"] = self.zone
        return environment.evolve(**changes)


class PaceStanding(Told):
    """Which pace holds, which the environment says, and why the owner's settings could not be read, if so."""

    holds: PaceSettings
    environment: PaceSettings
    trouble: str | None = None
