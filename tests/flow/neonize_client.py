"""A child process with the real neonize client, turned towards a simulator: commands in on stdin, events out on stdout.

One JSON object a line both ways. Commands: {"do": "send", "to", "text"}, {"do": "check", "number"},
{"do": "name", "of"}, {"do": "contact", "of"}, {"do": "groups"}, {"do": "stop"}, and those of neonize_kinds.py.
Events: qr, connected, disconnected, replaced, outdated, logged-out, message, protocol, history, receipt, undecryptable,
offline, returned, answer.
"""

import argparse
import base64
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from simulator import redirect
from simulator.models import ReadyFile
from tests.flow import neonize_kinds


class Lines:
    """The line to the test; what the library prints itself goes to stderr."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self._lock = threading.Lock()

    def say(self, event: str, **detail: Any) -> None:
        with self._lock:
            self._out.write(json.dumps({"event": event, **detail}) + "\n")
            self._out.flush()


def library_client(session: Path) -> tuple[Any, Any]:
    """A neonize client and its events; the session is kept in a file with neonize's fast settings."""
    import pylibmagic  # noqa: F401  (brings the libmagic that neonize needs)
    from neonize import events
    from neonize.client import NewClient

    name = f"{session}?_journal_mode=WAL&_synchronous=NORMAL&_foreign_keys=on&_x="
    return NewClient(name, uuid="test"), events


def client(lines: Lines, session: Path) -> Any:
    """A neonize client that reports every event."""
    made, events = library_client(session)
    made.event.qr(lambda _client, code: lines.say("qr", code=code.decode()))
    plain = {
        events.ConnectedEv: "connected",
        events.DisconnectedEv: "disconnected",
        events.StreamReplacedEv: "replaced",
        events.ClientOutdatedEv: "outdated",
    }
    for kind, word in plain.items():
        made.event(kind)(lambda _client, _event, word=word: lines.say(word))
    made.event(events.LoggedOutEv)(lambda _client, event: lines.say("logged-out", on_connect=event.OnConnect))
    made.event(events.OfflineSyncCompletedEv)(lambda _client, event: lines.say("offline", count=event.Count))

    made.event(events.MessageEv)(
        lambda _client, event: lines.say(
            "protocol" if event.Message.HasField("protocolMessage") else "message", **message(event)
        )
    )
    made.event(events.JoinedGroupEv)(lambda _client, event: lines.say("joined", **neonize_kinds.group(event.GroupInfo)))
    made.event(events.GroupInfoEv)(lambda _client, event: lines.say("group", **neonize_kinds.change(event)))
    made.event(events.PresenceEv)(lambda _client, event: lines.say("presence", **neonize_kinds.presence(event)))
    made.event(events.ChatPresenceEv)(lambda _client, event: lines.say("typing", **neonize_kinds.typing(event)))
    made.event(events.HistorySyncEv)(lambda _client, event: lines.say("history", **history(event)))
    made.event(events.UndecryptableMessageEv)(lambda _client, event: lines.say("undecryptable", id=event.Info.ID))
    made.event(events.ReceiptEv)(lambda _client, event: lines.say("receipt", **receipt(event)))
    return made


def message(event: Any) -> dict[str, Any]:
    """What a test looks at in a received message."""
    from neonize.utils.message import extract_text

    source = event.Info.MessageSource
    return {
        "id": event.Info.ID,
        "text": extract_text(event.Message),
        "sender": source.Sender.User,
        "phone": source.SenderAlt.User,
        "chat": source.Chat.User,
        "server": source.Chat.Server,
        "device": source.Sender.Device,
        "name": event.Info.Pushname,
        "from_me": source.IsFromMe,
        "raw": base64.b64encode(event.Message.SerializeToString()).decode(),
    }


def history(event: Any) -> dict[str, Any]:
    """What a test looks at in a history sync."""
    from neonize.utils.message import extract_text

    chats = {
        chat.ID: [(one.message.key.ID, extract_text(one.message.message)) for one in chat.messages]
        for chat in event.Data.conversations
    }
    return {"names": {one.ID: one.pushname for one in event.Data.pushnames}, "chats": chats}


def receipt(event: Any) -> dict[str, Any]:
    """What a test looks at in a receipt."""
    kind = event.ReceiptType.Name(event.Type)
    source = event.MessageSource
    ids, chat = list(event.MessageIDs), f"{source.Chat.User}@{source.Chat.Server}"
    return {"ids": ids, "type": kind, "sender": source.Sender.User, "device": source.Sender.Device, "chat": chat}


def obey(made: Any, command: dict[str, Any]) -> dict[str, Any]:
    """Carries out one command; its result, or the error's words."""
    from neonize.exc import NeonizeError

    try:
        if command["do"] == "send":
            return {"id": made.send_message(command["to"], command["text"]).ID}
        if command["do"] == "check":
            return {"registered": [one.IsIn for one in made.is_on_whatsapp(command["number"])]}
        if command["do"] == "name":
            from neonize.utils.jid import build_jid

            return {"name": made.contact.get_contact(build_jid(command["of"], "lid")).PushName}
        if command["do"] == "contact":
            from neonize.utils.jid import build_jid

            known = made.contact.get_contact(build_jid(command["of"]))
            return {"full": known.FullName, "first": known.FirstName, "push": known.PushName}
        if command["do"] == "groups":
            return {"groups": len(made.get_joined_groups())}
        return neonize_kinds.obey(made, command)
    except NeonizeError as error:
        return {"error": str(error)}


def main() -> None:
    """Connects, and obeys until it is told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--ready", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    given = parser.parse_args()
    lines = Lines()
    ready = ReadyFile.model_validate_json(given.ready.read_bytes())
    redirect.install(ready.websocket, bytes.fromhex(ready.root_key), given.data, ready.media_ca)
    made = client(lines, given.data / "session.sqlite")

    def connect() -> None:
        from neonize.exc import NeonizeError

        try:
            made.connect()
            lines.say("returned")
        except NeonizeError as error:
            lines.say("returned", error=str(error))

    threading.Thread(target=connect, daemon=True).start()
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "stop":
            break
        lines.say("answer", **obey(made, command))
    made.stop()
    os._exit(0)


if __name__ == "__main__":
    main()
