"""Instants: whatever a time says, it is refused in words or can be computed with, in every zone."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from session_host import rules
from shared.model import due, occurrences, walltime
from shared.model.lifecycle import Delivery
from shared.model.message import Message
from shared.model.values import Instant, print_instant

INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)
ZONES = ("Pacific/Kiritimati", "Etc/GMT+12", "Asia/Tokyo", "America/St_Johns", "UTC")
OUTSIDE = (
    "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z", "9999-12-31T23:50:00Z", "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00Z", "9000-01-01T00:00:00Z", "8999-12-31T23:59:59-01:00", "1000-01-01T00:00:00+14:00",
)  # fmt: skip
WITHIN = ("1000-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2500-06-01T00:00:00Z", "8999-12-31T23:59:59Z")

offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.datetimes(timezones=st.none() | st.sampled_from(ZONES).map(ZoneInfo) | offsets)
hostile = times | times.map(datetime.isoformat) | st.integers() | st.floats() | st.text(max_size=30)


@pytest.mark.parametrize("typed", OUTSIDE)
def test_a_year_that_no_clock_shows_is_refused_with_what_to_do(typed: str) -> None:
    with pytest.raises(ValidationError, match="looks like a slip: write it like 2026-12-24T10:00:00Z"):
        INSTANT.validate_python(typed)


@pytest.mark.parametrize("typed", WITHIN)
def test_what_may_be_stored_already_stays_readable(typed: str) -> None:
    assert INSTANT.validate_python(typed) == datetime.fromisoformat(typed)


@given(
    typed=st.sampled_from((*OUTSIDE, *WITHIN)) | hostile, hours=st.just(720) | st.floats(), zone=st.sampled_from(ZONES)
)
def test_whatever_is_typed_is_refused_or_can_be_computed_with(typed: Any, hours: float, zone: str) -> None:
    record = {"id": "m1", "to": "447700900001", "message": "hi", "scheduledTime": typed, "ifLate": {"hours": hours}}
    try:
        message = Message.model_validate(record)
    except ValidationError:
        return
    at = message.send_at
    assert INSTANT.validate_python(print_instant(at)) == at
    assert walltime.instant(walltime.wall(at, zone), zone) is not None
    assert walltime.abbreviation(at, zone)
    row = rules.Row(message, Delivery())
    assert row.expires_at >= row.ready_at == at
    assert occurrences.horizon(at) > at
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert due.due([message], now) == due.overdue([message], now) == ([message] if at < now else [])
