"""What an error of the WhatsApp library says about a message: can it have been delivered, does trying again help.

The library tells its errors apart by their text only. What is known of each (seen against a server that plays the
faults, or read in the library's source) is one row here; a text without a row may have been delivered.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from session_host.link import NoCode, Reason, SendFailed
from shared.model.link import LinkStatus
from shared.model.sentence import said

_PASSING_CODES = frozenset({408, 421, 423, 429, 500, 501, 502, 503, 504, 530})
"""Codes of WhatsApp's server that speak of the moment, not of the message."""


class _Row(NamedTuple):
    pattern: re.Pattern[str]
    failure: Callable[[re.Match[str]], SendFailed]


NO_NEW_PEOPLE = said(
    "WhatsApp lets this account write to no new people for now: wait some days and let them write first."
)
"""The sentence of error 463; by it another host learns from the bucket's records that there was one."""


def _says(pattern: str, sentence: str, reason: Reason, *, permanent: bool, certain: bool) -> _Row:
    return _Row(
        re.compile(pattern), lambda _: SendFailed(sentence, permanent=permanent, certain=certain, reason=reason)
    )


def _nack(match: re.Match[str]) -> SendFailed:
    code = int(match["code"])
    if code == 463:
        return SendFailed(
            NO_NEW_PEOPLE,
            permanent=True,
            certain=True,
            reason=Reason.STRANGERS_LOCKED,
        )
    return _status(code)


def _query(match: re.Match[str]) -> SendFailed:
    return _status(int(match["code"]))


def _status(code: int) -> SendFailed:
    if code == 429:
        return SendFailed(
            said("WhatsApp asks this account to slow down: it will be tried again later."),
            permanent=False,
            certain=True,
            reason=Reason.SLOW_DOWN,
        )
    if code in _PASSING_CODES:
        return SendFailed(
            f"WhatsApp could not take the message just now (error {code}): it will be tried again.",
            permanent=False,
            certain=True,
            reason=Reason.TROUBLE_THERE,
        )
    return SendFailed(
        f"WhatsApp refused the message (error {code}): try it from your phone, and look at what the phone says.",
        permanent=True,
        certain=True,
        reason=Reason.REFUSED,
    )


_MAYBE = "look at the chat on your phone before you send it again."
_ROWS: tuple[_Row, ...] = (
    # What may have been delivered comes first: where two rows fit, doubt wins.
    _says(
        r"timed out waiting for message send response",
        said(
            "WhatsApp did not acknowledge the message; it may have been delivered: "
            "look at the chat on your phone before you send it again."
        ),
        Reason.NO_ANSWER,
        permanent=False,
        certain=False,
    ),
    _says(
        r"websocket disconnected before message send",
        said(
            "The connection broke before WhatsApp acknowledged the message; it may have been delivered: "
            "look at the chat on your phone before you send it again."
        ),
        Reason.NO_ANSWER,
        permanent=False,
        certain=False,
    ),
    _says(
        r"info query timed out",
        said(
            "WhatsApp did not answer in time; the message may have been delivered: "
            "look at the chat on your phone before you send it again."
        ),
        Reason.NO_ANSWER,
        permanent=False,
        certain=False,
    ),
    # Alone, without "failed to ...:" before it, this is the second try of a frame whose first went out (source).
    _says(
        r"^websocket not connected$",
        said(
            "The connection broke while the message was leaving; it may have been delivered: "
            "look at the chat on your phone before you send it again."
        ),
        Reason.NO_ANSWER,
        permanent=False,
        certain=False,
    ),
    # Certainly not delivered.
    _says(
        r"websocket not connected$",
        said("There is no connection to WhatsApp: it will be tried again once there is."),
        Reason.NOT_CONNECTED,
        permanent=False,
        certain=True,
    ),
    _says(
        r"^client is nil$",
        said("The connection to WhatsApp is being made: it will be tried again once it is there."),
        Reason.NOT_CONNECTED,
        permanent=False,
        certain=True,
    ),
    _says(
        r"the store doesn't contain a device JID",
        said("No WhatsApp account is linked: open Link and scan the QR code; the message waits."),
        Reason.NOT_LINKED,
        permanent=False,
        certain=True,
    ),
    _says(
        r"no LID found for ",
        said("This number has no WhatsApp account: check the number."),
        Reason.NO_ACCOUNT,
        permanent=True,
        certain=True,
    ),
    _says(
        r"failed to get group members: .*(not participating in that group|that group does not exist)",
        said("This account is not in that group (any more), or the group is gone: look on your phone."),
        Reason.NOT_IN_GROUP,
        permanent=True,
        certain=True,
    ),
    _Row(re.compile(r"info query returned status (?P<code>\d+)"), _query),
    _Row(re.compile(r"server returned error (?P<code>\d+)"), _nack),
)


def failure(error: str) -> SendFailed:
    """The library's error text as a failure with a sentence for people; what is not recognised is not certain."""
    for row in _ROWS:
        if match := row.pattern.search(error):
            return row.failure(match)
    return SendFailed(
        f"The WhatsApp library failed in a way this program does not know ({masked(error)}); "
        f"the message may have been delivered: {_MAYBE}",
        permanent=False,
        certain=False,
        reason=Reason.UNRECOGNISED,
    )


def no_code(error: str) -> NoCode:
    """Why WhatsApp gave no code to type, from the library's error text."""
    if re.search(r"phone number too short|international phone number required", error):
        return NoCode(
            said("This is no phone number WhatsApp takes: write it with its country code, like +44 7957 189696.")
        )
    if re.search(r"status 429|rate-overlimit", error):
        return NoCode(said("WhatsApp has made too many codes for this number: wait an hour, or scan the QR code."))
    if found := re.search(r"info query returned status (\d+)", error):
        return NoCode(f"WhatsApp made no code for this number (error {found[1]}): check it, or scan the QR code.")
    if re.search(r"websocket not connected|client is nil|timed out", error):
        return NoCode(said("WhatsApp did not answer: ask for a code again."))
    return NoCode(f"WhatsApp made no code ({masked(error)}): scan the QR code instead, or try again later.")


def not_uploaded(error: str) -> SendFailed:
    """The file of a message could not be uploaded: whatever it was, nothing was sent."""
    code = re.search(r"status (?:code )?(\d+)", error)
    if re.search(r"ffmpeg|ffprobe", error):
        return SendFailed(
            said("This file needs ffmpeg on the session host's machine: install it there, or send it as a document."),
            permanent=True,
            certain=True,
            reason=Reason.NOT_UPLOADED,
        )
    why = f"error {code[1]}" if code else masked(error)
    sentence = f"The file could not be uploaded to WhatsApp ({why}): it will be tried again."
    return SendFailed(sentence, permanent=False, certain=True, reason=Reason.NOT_UPLOADED)


def masked(text: str) -> str:
    """A line of the library without what must not be shown: numbers keep three digits, codes and keys are cut.

    >>> masked("no LID found for 447957189696@s.whatsapp.net from server")
    'no LID found for …696@s.whatsapp.net from server'
    """
    line = re.sub(r"https://wa\.me/settings/linked_devices\S*", "…", " ".join(text.split()))
    line = re.sub(r"[A-Za-z0-9+/_-]{32,}={0,2}", "…", line)
    line = re.sub(r"\d{4,}(?=\d{3})", "…", line)
    return line if len(line) <= 300 else f"{line[:300]}…"


def not_connected(status: LinkStatus) -> SendFailed:
    """Nothing was begun, for the link is not up: in the state's own words."""
    sentence = f"{status.sentence} {status.action}"
    return SendFailed(sentence, permanent=False, certain=True, reason=Reason.NOT_CONNECTED)
