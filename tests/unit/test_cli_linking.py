"""`wa link` in the terminal: the state, the code drawn there, and what became of it."""

from collections.abc import Callable
from typing import Any

import click
import pytest
from click.testing import CliRunner

from cli import linking
from cli.main import wa
from shared.clock import SYSTEM
from shared.host_client import HostRefused, HostUnreachable
from shared.model.link import Link
from tests.builders import link_status

NUMBER = "447700900001"
QR = "https://wa.me/settings/linked_devices#2@one,noise,identity,adv,1"


def told(state: Link, pairing: dict[str, Any] | None = None, detail: str | None = None) -> dict[str, Any]:
    """What the host answers."""
    number = NUMBER if state.sends else None
    return {"status": link_status(state, detail=detail).as_json(), "number": number, "pairing": pairing, "backup": {}}


def shown(qr: str = QR, code: str | None = None, left: int = 50) -> dict[str, Any]:
    return {"qr": qr, "code": code, "secondsLeft": left, "expiresAt": "2026-11-22T12:00:00Z", "svg": "<svg/>"}


class SteppingHost:
    """Answers one after the other; what it was asked for besides a look is in `asked`."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)
        self.asked: list[str | None] = []
        self.refuses: Exception | None = None

    def link(self) -> dict[str, Any]:
        if self.refuses:
            raise self.refuses
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def pair(self, phone: str | None = None) -> dict[str, Any]:
        self.asked.append(phone)
        return self.link()

    def logout(self) -> dict[str, Any]:
        self.asked.append("logout")
        return self.link()

    def close(self) -> None:
        """Nothing is open."""


Run = Callable[..., Any]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """`wa link …` before this host; time passes at once."""
    monkeypatch.setattr(SYSTEM, "wait", lambda event, seconds: False)

    def run(host: SteppingHost, *arguments: str, answer: str = "") -> Any:
        monkeypatch.setattr(linking, "_host", lambda: host)
        return CliRunner().invoke(wa, ["link", *arguments], input=answer)

    return run


def test_a_linked_account_is_said_and_nothing_is_asked_for(run: Run) -> None:
    host = SteppingHost(told(Link.CONNECTED))
    done = run(host)
    assert (done.exit_code, host.asked) == (0, [])
    assert "Connected to WhatsApp." in done.output
    assert "+44 7700 900001" in done.output


def test_the_code_is_drawn_anew_as_it_changes_until_the_phone_has_scanned_it(run: Run) -> None:
    other = QR.replace("one", "two")
    host = SteppingHost(
        told(Link.UNLINKED), told(Link.CONNECTING), told(Link.PAIRING, shown()), told(Link.PAIRING, shown(left=49)),
        told(Link.PAIRING, shown(other)), told(Link.CONNECTING), told(Link.CONNECTED),
    )  # fmt: skip
    done = run(host)
    assert (done.exit_code, host.asked) == (0, [None])
    assert done.output.count("scan this") == 2
    assert "█" in done.output
    assert QR not in done.output
    assert done.output.rstrip().endswith("Linked as +44 7700 900001. Connected to WhatsApp.")


def test_a_code_to_type_is_shown_once(run: Run) -> None:
    typed = shown(code="ABCD-EFGH")
    host = SteppingHost(
        told(Link.UNLINKED),
        told(Link.PAIRING, typed),
        told(Link.PAIRING, {**typed, "qr": "other"}),
        told(Link.CONNECTED),
    )
    done = run(host, "--code", "+44 7700 900001")
    assert (done.exit_code, host.asked) == (0, ["+44 7700 900001"])
    assert done.output.count("ABCD-EFGH") == 1
    assert "Link with phone number instead" in done.output
    assert "█" not in done.output


def test_the_old_state_may_stand_for_a_moment_and_not_for_ever(run: Run) -> None:
    failed = told(Link.UNLINKED, detail="The last scan did not lead to a link.")
    done = run(SteppingHost(failed, failed, failed, told(Link.PAIRING, shown()), told(Link.CONNECTED)))
    assert (done.exit_code, "█" in done.output) == (0, True)
    done = run(SteppingHost(failed))
    assert (done.exit_code, done.output.count("did not lead")) == (1, 2)


def test_a_code_that_was_not_typed_in_time_ends_with_a_sentence(run: Run) -> None:
    host = SteppingHost(
        told(Link.UNLINKED), told(Link.PAIRING, shown(code="ABCD-EFGH")),
        told(Link.UNLINKED, detail="The code was not typed in time: ask for a new one."),
    )  # fmt: skip
    done = run(host, "--code", NUMBER)
    assert done.exit_code == 1
    assert "was not typed in time" in done.output


@pytest.mark.parametrize("state", [Link.STANDBY, Link.REPLACED, Link.BANNED, Link.OUTDATED, Link.STUCK])
def test_where_pairing_is_not_what_helps_it_says_what_does(run: Run, state: Link) -> None:
    host = SteppingHost(told(state))
    done = run(host)
    assert (done.exit_code, host.asked) == (1, [])
    assert link_status(state).action.strip() in done.output or link_status(state).action == "Nothing."


def test_why_there_is_no_code_and_that_no_host_answers_are_sentences(run: Run) -> None:
    for error in (HostRefused("Too many codes.", 409, {}), HostUnreachable("The session host does not answer.")):
        host = SteppingHost(told(Link.UNLINKED))
        host.refuses = error
        done = run(host, "--code", NUMBER)
        assert (done.exit_code, str(error) in done.output) == (1, True)


def test_leaving_changes_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(event: object, seconds: float) -> bool:
        raise KeyboardInterrupt

    host = SteppingHost(told(Link.PAIRING, shown()))
    monkeypatch.setattr(SYSTEM, "wait", leave)
    done = run(host)
    assert (done.exit_code, host.asked) == (130, [])
    assert "Left as it is" in done.output


def test_logging_out_asks_first(run: Run) -> None:
    host = SteppingHost(told(Link.CONNECTED), told(Link.UNLINKED))
    assert run(host, "logout", answer="n\n").exit_code == 1
    assert host.asked == []
    host = SteppingHost(told(Link.CONNECTED), told(Link.UNLINKED))
    done = run(host, "logout", answer="y\n")
    assert (done.exit_code, host.asked) == (0, ["logout"])
    assert "No WhatsApp account is linked." in done.output


def test_without_an_account_there_is_nothing_to_unlink(run: Run) -> None:
    host = SteppingHost(told(Link.UNLINKED))
    done = run(host, "logout", "--yes")
    assert (done.exit_code, host.asked) == (0, [])
    assert "Nothing to unlink" in done.output


def test_an_answer_nobody_understands_is_a_sentence() -> None:
    with pytest.raises(click.ClickException, match="does not understand"):
        linking.read({"status": "fine"})
