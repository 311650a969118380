"""The thread around a step: never before its instant, at once when woken, on through errors and jumps of the clock."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from session_host.threads import Stepper
from shared.clock import SYSTEM
from tests.builders import NOW, in_


class StoppedClock:
    """Wall and monotonic clocks that move only by waiting, exactly as long as was asked for."""

    def __init__(self) -> None:
        self.wall, self.steady = NOW, 0.0
        self.jump = timedelta(0)

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.steady

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.wall += timedelta(seconds=seconds) + self.jump
        self.steady += seconds
        self.jump = timedelta(0)
        return event.is_set()


def stepped(steps: list[Callable[[datetime], datetime | None]], clock: StoppedClock) -> list[datetime]:
    """Run a thread through these steps, one each time it steps; the instants at which it did."""
    at: list[datetime] = []

    def step(now: datetime) -> datetime | None:
        at.append(now)
        if len(at) == len(steps):
            stepper.stop()
        return steps[len(at) - 1](now)

    stepper = Stepper("test", step, clock)
    stepper.start()
    assert stepper.join(20)
    return at


def test_it_steps_at_exactly_the_instants_that_were_asked_for() -> None:
    soon, later = in_(0.25), in_(4000.125)
    at = stepped([lambda _: soon, lambda _: later, lambda _: None], StoppedClock())
    assert at == [NOW, soon, later]


def test_a_jump_of_the_clock_is_noticed_at_once() -> None:
    clock = StoppedClock()

    def jump(_: datetime) -> datetime:
        clock.jump = timedelta(hours=-1)
        return in_(hours=5)

    first, second = stepped([jump, lambda _: None], clock)
    assert (first, second) == (NOW, in_(1, hours=-1))


def test_an_error_is_kept_in_words_and_the_step_is_tried_again() -> None:
    clock = StoppedClock()

    def broken(_: datetime) -> None:
        raise ZeroDivisionError("by zero")

    first, second = stepped([broken, lambda _: None], clock)
    assert second - first == timedelta(seconds=5)


def test_woken_it_steps_at_once_also_when_it_was_woken_during_a_step() -> None:
    again = threading.Event()

    def step(now: datetime) -> datetime:
        if stepper.trouble is None and not seen:
            seen.append(now)
            stepper.wake()
        else:
            again.set()
        return now + timedelta(hours=1)

    seen: list[datetime] = []
    stepper = Stepper("test", step, SYSTEM)
    stepper.start()
    assert again.wait(20)
    stepper.stop()
    assert stepper.join(20)


def test_what_is_to_be_done_at_the_end_is_done_after_the_last_step() -> None:
    order: list[str] = []
    stepper = Stepper("test", lambda _: order.append("step"), SYSTEM, at_end=lambda _: order.append("end"))
    stepper.start()
    while not order:
        SYSTEM.wait(threading.Event(), 0.001)
    stepper.stop()
    assert stepper.join(20)
    assert order[-1] == "end"


def test_one_that_was_never_started_can_be_stopped() -> None:
    stepper = Stepper("test", lambda _: None, SYSTEM)
    stepper.stop()
    assert stepper.join(0)
