"""What the host takes for granted of the pinned library and of its process, seen in a process of its own."""

import json
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from session_host import link_events, link_files
from session_host.link import ReceiptKind
from simulator import redirect

ROOT = Path(__file__).resolve().parents[2]
SIMULATOR = "ws://127.0.0.1:9/ws/chat"


def child(code: str, *arguments: str, bot_tag: str | None = "off", output: str = "stdout") -> str:
    """What a fresh Python with the library prints."""
    environment = {name: value for name, value in os.environ.items() if name != "NEONIZE_BOT_TAG"}
    if bot_tag is not None:
        environment["NEONIZE_BOT_TAG"] = bot_tag
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return str(getattr(done, output)).strip()


NAMES = """
import json, pylibmagic
from neonize import client, events
from neonize.proto import Neonize_pb2 as proto
from session_host import link_events
receipts = proto.Receipt.ReceiptType
props = client.DeviceProps(platformType=client.DeviceProps.CHROME)
made = client.NewClient("/tmp/never-opened.db", uuid="x", props=props)
made._stop_finalizer.detach()
print(json.dumps({
    "registered": sorted(
        name for name in [*link_events.EVENTS, *link_events.ARRIVALS, "ReceiptEv"] if hasattr(events, name)
    ),
    "receipts": {name: receipts.Value(name) for name in receipts.keys()},
    "bans": len(proto.TemporaryBan.TempBanReason.keys()),
    "gone": proto.MAIN_DEVICE_GONE,
    "banned": proto.UNKNOWN_LOGOUT,
    "hidden": proto.UndecryptableMessage.DECRYPT_FAIL_HIDE,
    "paired": proto.PairStatus.PStatus.Value("SUCCESS"),
    "replaceable": [hasattr(client, name) for name in ("Thread", "log_whatsmeow")],
    "word": callable(made._NewClient__onLoginStatus),
    "numbers": [made.connected, made.me, bool(made.is_connected), bool(made.is_logged_in)],
}))
"""


def test_the_names_and_numbers_are_those_of_the_pinned_library() -> None:
    seen: dict[str, Any] = json.loads(child(NAMES))
    assert seen["registered"] == sorted([*link_events.EVENTS, *link_events.ARRIVALS, "ReceiptEv"])
    receipts = seen["receipts"]
    assert {
        receipts["DELIVERED"]: ReceiptKind.DELIVERED,
        receipts["INACTIVE"]: ReceiptKind.DELIVERED,
        receipts["READ"]: ReceiptKind.READ,
        receipts["PLAYED"]: ReceiptKind.READ,
    } == link_events.RECEIPTS
    assert seen["bans"] == len(link_events.BAN_REASONS)
    assert seen["banned"] == link_events.BANNED_FOR_GOOD
    assert (seen["gone"], seen["paired"]) == (link_events.DEVICE_GONE, link_events.PAIRING_SUCCEEDED)
    assert seen["hidden"] == link_events.HIDDEN
    assert seen["replaceable"] == [True, True]
    assert seen["word"] is True
    assert seen["numbers"] == [False, None, False, False], "asking the flags of a client that never connected is safe"


CHECK = """
import sys, pylibmagic
from pathlib import Path
from session_host import safety
from session_host.link import Refused
from simulator import redirect
folder, turned = Path(sys.argv[1]), sys.argv[2] == "turned"
if turned:
    marked = Path(sys.argv[3])
    redirect.install(sys.argv[4], bytes(range(32)), marked)
else:
    import neonize
try:
    safety.check(folder)
    print("may connect", safety.library_is_genuine())
except Refused as refused:
    print(refused)
"""


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    folder = tmp_path / "marked"
    redirect.mark(folder)
    return folder


def test_a_real_account_meets_the_real_library(tmp_path: Path, marked: Path) -> None:
    assert child(CHECK, str(tmp_path), "genuine") == "may connect True"
    refusal = child(CHECK, str(marked), "genuine")
    assert refusal.startswith(f"{marked} belongs to the simulator")


def test_a_simulated_account_meets_the_simulator(tmp_path: Path, marked: Path) -> None:
    assert child(CHECK, str(marked), "turned", str(marked), SIMULATOR) == "may connect False"
    refusal = child(CHECK, str(tmp_path), "turned", str(marked), SIMULATOR)
    assert refusal.startswith("The WhatsApp library of this process leads to a simulator")


def test_without_the_environment_it_needs_the_library_may_not_connect(tmp_path: Path) -> None:
    assert "NEONIZE_BOT_TAG=off" in child(CHECK, str(tmp_path), "genuine", bot_tag=None)
    too_late = "import os; os.environ['NEONIZE_BOT_TAG'] = 'off'\n" + CHECK
    assert "NEONIZE_BOT_TAG=off" in child(too_late, str(tmp_path), "genuine", bot_tag="on")


def test_a_launcher_can_begin_again_with_the_environment(tmp_path: Path) -> None:
    entering = "from session_host import safety; safety.enter_environment()\n" + CHECK
    assert child(entering, str(tmp_path), "genuine", bot_tag=None) == "may connect True"


OUTPUT = """
import os, sys
from session_host import link_output
print("before")
link_output.filter_stdout(lambda line: sys.stderr.write(line))
for line in ("SendMessage: Error", "Login event: success", "[ERROR] 2026-11-22T04:49:38Z Cipher.go:313 x", "other"):
    os.write(1, line.encode() + b"\\n")
print("after")
"""


def test_what_the_library_prints_does_not_leave_the_process_and_all_else_does() -> None:
    assert child(OUTPUT).splitlines() == ["before", "other", "after"]
    words = [line.split()[0] for line in child(OUTPUT, output="stderr").splitlines()]
    assert words == ["SendMessage:", "Login", "[ERROR]"]


def test_importing_the_host_does_not_load_the_library() -> None:
    code = "import sys, session_host.whatsapp; print([name for name in sys.modules if name.startswith('neonize')])"
    assert child(code) == "[]"


START = """
import logging, structlog, sys
from pathlib import Path
from session_host.whatsapp import WhatsAppLink
from simulator import redirect
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
folder = Path(sys.argv[1])
redirect.install(sys.argv[2], bytes(range(32)), folder)
link = WhatsAppLink(folder)
link.start()
link._supervisor.wait_until(lambda status: status.detail is not None, 20)
print(link.status().detail, logging.getLogger().handlers)
"""


def test_a_server_that_cannot_be_reached_is_a_sentence_and_the_process_leaves_by_itself(marked: Path) -> None:
    assert child(START, str(marked), SIMULATOR) == "WhatsApp could not be reached (connection refused). []"


def test_the_session_is_for_its_owners_eyes_only(tmp_path: Path) -> None:
    database = link_files.prepare(tmp_path / "host")
    assert stat.S_IMODE(database.stat().st_mode) == 0o600
    assert stat.S_IMODE(database.parent.stat().st_mode) == 0o700
    database.chmod(0o644)
    assert stat.S_IMODE(link_files.prepare(tmp_path / "host").stat().st_mode) == 0o600, "also one that was too open"


def test_whom_the_session_on_disk_is_linked_to(tmp_path: Path) -> None:
    database = link_files.prepare(tmp_path)
    assert link_files.linked_number(database) is None
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE whatsmeow_device (jid TEXT)")
        assert link_files.linked_number(database) is None
        connection.execute("INSERT INTO whatsmeow_device VALUES ('447700900001:3@s.whatsapp.net')")
    connection.close()
    assert link_files.linked_number(database) == "447700900001"
    database.write_bytes(b"no database at all, but long enough to look at" * 40)
    assert link_files.linked_number(database) is None
