"""A message followed on its way: what the contact has decrypted of it, and of nothing else."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cli.journey import Follower, Journey, Stage, StageMissing
from tests.builders import NOW, in_, message

TEXT = "Welcome!"


def follower(*inbox: datetime) -> Follower:
    """One who looks at a contact that has decrypted the text at these instants."""
    items = [SimpleNamespace(id=f"3EB0{number}", text=TEXT, received_at=at) for number, at in enumerate(inbox)]
    nothing = cast(Any, None)
    return Follower(nothing, nothing, cast(Any, SimpleNamespace(inbox=lambda _to: items)), lambda _line: None)


def journey() -> Journey:
    sent = message(text=TEXT, send_at=in_(8))
    return Journey(sent.id, "welcome", sent.to, TEXT, began=NOW, message=sent)


def test_what_an_earlier_start_had_delivered_is_not_counted() -> None:
    assert follower(in_(days=-1), in_(8.25)).lateness(journey()) == timedelta(seconds=0.25)


@pytest.mark.parametrize("inbox", [[], [in_(days=-1)], [in_(8.25), in_(8.5)]])
def test_never_and_twice_are_no_success(inbox: list[datetime]) -> None:
    with pytest.raises(StageMissing, match="times, not once") as missing:
        follower(*inbox).lateness(journey())
    assert missing.value.stage is Stage.DELIVERED
