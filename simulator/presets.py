"""The faults that the simulated phone's page offers as buttons: a name, a sentence, and the rule behind it."""

from typing import NamedTuple

from simulator.models import FaultRule


class Preset(NamedTuple):
    """One button."""

    label: str
    explained: str
    rule: FaultRule


PRESETS: dict[str, Preset] = {
    "nack": Preset("Refuse a message", "The next message is refused with error 479.", FaultRule(action="nack")),
    "strangers": Preset(
        "Lock strangers", "The next message is refused with error 463.", FaultRule(action="nack", code=463)
    ),
    "slow-down": Preset(
        "Slow down",
        "The next look-up before a message is answered: too many.",
        FaultRule(stanza="iq", xmlns="usync", action="nack", code=429),
    ),
    "no-ack": Preset("No answer", "The next message arrives, and the sender is not told.", FaultRule(action="no-ack")),
    "late-ack": Preset(
        "Late answer",
        "The next message is acknowledged after 10 seconds.",
        FaultRule(action="late-ack", after_ms=10_000),
    ),
    "drop-line": Preset(
        "Break while sending",
        "The connection breaks when the next message has arrived.",
        FaultRule(action="close", deliver=True),
    ),
    "damage-out": Preset(
        "Damage what is sent", "The next message cannot be read and is asked for again.", FaultRule(action="garble")
    ),
    "damage-in": Preset(
        "Damage what comes in",
        "The next message to the client cannot be read and is asked for again.",
        FaultRule(stanza="delivery", action="garble"),
    ),
    "refuse": Preset(
        "Server away", "Nobody listens, until cleared.", FaultRule(stanza="connect", action="refuse", times=None)
    ),
    "unavailable": Preset(
        "Server busy",
        "Each new connection is answered with 503, until cleared.",
        FaultRule(stanza="connect", action="nack", times=None),
    ),
    "deaf": Preset(
        "Deaf line", "From now on nothing is answered on this connection.", FaultRule(stanza="line", action="hang")
    ),
    "garbage": Preset("Unreadable frame", "A frame that nobody can read.", FaultRule(stanza="line", action="garbage")),
    "stream-error": Preset(
        "Stream error 500",
        "The server ends the stream and leaves it open.",
        FaultRule(stanza="line", action="stream-error"),
    ),
    "receipt": Preset(
        "Unknown receipt",
        "A receipt of a kind that the client does not know.",
        FaultRule(stanza="line", action="unknown-receipt"),
    ),
    "banned": Preset(
        "Ban for an hour",
        "The next login is refused: banned for an hour.",
        FaultRule(stanza="login", action="nack", code=402, ban_code=101, ban_seconds=3600),
    ),
    "outdated": Preset(
        "Client outdated",
        "The next login is refused: the client is too old.",
        FaultRule(stanza="login", action="nack", code=405),
    ),
}
