"""The simulator's one reading of the clock."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present moment, aware, UTC."""
    return datetime.now(UTC)
