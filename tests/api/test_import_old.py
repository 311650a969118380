"""`wa import-old` as a person runs it: what it says, what it writes, and what fold and page make of that."""

import hashlib
import io
import json
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import cli.import_old
from bench.import_old import write_chats
from cli.main import wa
from cli.old import scheduled, storing
from cli.old.deciding import SENT_BEFORE
from cli.old.importing import OURS_IN_FOLDER
from cli.old.spill import Spill
from session_host.rules import Row
from shared.model import due
from shared.model.captured import Captured
from shared.model.message import LatePolicy, Message, Status
from shared.model.values import print_instant
from shared.model.wire import item_of
from shared.store import history, keys, opening
from shared.store.bucket import Bucket, Stored, StreamingBucket
from shared.store.directory import DirectoryBucket
from shared.store.errors import Unreachable
from shared.store.fold import Fold
from shared.store.memory import MemoryBucket
from shared.store.oplog import Writer
from shared.store.view import Snapshot, View
from tests import old_system
from tests.api.host_app import Api, an_api
from tests.api.web_page import Page, words
from tests.builders import NOW, in_
from tests.cast import ALICE, BOB, CHARLIE, DORA, GROUP
from tests.contract.b2_like import B2Like
from tests.fakes.clock import FakeClock
from tests.old_system import misread, old_chat, old_contact, old_message, said, write


@pytest.fixture(scope="module")
def server() -> Iterator[B2Like]:
    with B2Like() as running:
        yield running


@pytest.fixture(params=["directory", "b2-like"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StreamingBucket:
    """The configured bucket."""
    bucket: StreamingBucket
    if request.param == "directory":
        bucket = DirectoryBucket(tmp_path / "bucket", "whatsapp/")
    else:
        bucket = request.getfixturevalue("server").bucket(f"{uuid.uuid4().hex}/whatsapp/")
    return configure(bucket, tmp_path, monkeypatch)


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MemoryBucket:
    """A configured bucket without a disk."""
    bucket = MemoryBucket()
    configure(bucket, tmp_path, monkeypatch)
    return bucket


def configure(bucket: StreamingBucket, folder: Path, monkeypatch: pytest.MonkeyPatch) -> StreamingBucket:
    """Let the command see this bucket, a checkout of its own, and the tests' present."""
    monkeypatch.setattr(opening, "open_bucket", lambda _: bucket)
    monkeypatch.setattr(cli.import_old, "ROOT", folder)
    monkeypatch.setattr(cli.import_old, "SYSTEM", FakeClock())
    monkeypatch.chdir(folder)
    return bucket


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A folder with the old system's three files."""
    files = {"scheduled": old_system.scheduled(), "contacts": old_system.contacts(), "chats": old_system.chats()}
    return write(tmp_path / "old", **files)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(wa, ["import-old", *map(str, arguments)])


def applied(*arguments: str | Path) -> str:
    """What an import in earnest says."""
    done = run(*arguments, "--apply")
    assert done.exit_code == 0, done.output
    return done.output


def objects(bucket: Bucket) -> dict[str, bytes]:
    return {entry.key: bucket.get(entry.key).data for entry in bucket.list("")}


def seen(bucket: Bucket) -> Snapshot:
    """What a page shows."""
    return View(bucket).read(NOW)


def folded(bucket: Bucket, minutes: float = 1) -> dict[str, Message]:
    """What the session host's fold makes of it, once it is written and read again."""
    fold = Fold(bucket)
    assert fold.read(in_(minutes=minutes)).problems == []
    fold.write(in_(minutes=minutes), {})
    return dict(Fold(bucket).read(in_(minutes=minutes)).messages)


def captured(bucket: Bucket) -> list[Captured]:
    """All of the history, in the order of its segments."""
    listed = [entry.key for entry in bucket.list(keys.HISTORY)]
    return [each for key in listed for each in history.read_segment(bucket.get(key).data, key)]


def lines(report: str, file: str) -> dict[str, int]:
    """The counts the report has for one file."""
    block = report[report.index(f"{file}  (") :].split("\n")
    counts = {}
    for line in block[1:]:
        name, count = line[2:26].strip(), line[26:].split()
        if not line.startswith("  ") or not count or not count[0].replace(",", "").isdigit():
            break
        counts[name] = int(count[0].replace(",", ""))
    return counts


def test_a_dry_run_says_everything_and_writes_nothing(store: StreamingBucket, old: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in old.iterdir()}
    done = run(old)
    assert done.exit_code == 0, done.output
    assert lines(done.output, "scheduled.json") == {"read": 5, "new": 5}
    assert lines(done.output, "contacts.json") == {"read": 3, "new": 3}
    assert lines(done.output, "chats.json") == {"read": 6, "new": 5, "twice in the file": 1}
    assert "Broken encoding put right in 2 of them." in done.output, "of a text and of a chat's name"
    assert "2 will be sent at their time, the next at 2026-11-22T13:00:00Z." in done.output
    assert "1 should have been sent already: none is sent by itself." in done.output
    assert "This was a dry run: nothing was written." in done.output
    assert "kettle" not in done.output
    assert ALICE.number not in done.output
    assert objects(store) == {}
    assert {path: path.read_bytes() for path in old.iterdir()} == before
    assert list((tmp_path / "data").iterdir()) == [], "nothing of what was sorted is left on this disk"


def test_in_earnest_it_is_all_there_and_a_second_time_nothing_is_written(store: StreamingBucket, old: Path) -> None:
    said_ = applied(old)
    first = objects(store)
    assert "5 messages are written, in 1 operations." in said_
    for name in ("scheduled.json", "contacts.json", "chats.json"):
        assert first[f"before-import/{name}"] == (old / name).read_bytes()
    for messages in (dict(seen(store).messages), folded(store)):
        by_text = {each.text: each for each in messages.values()}
        assert len(messages) == 5
        assert by_text["Grüße 👋"].contact_name == DORA.name
        assert [each.status for each in messages.values()].count(Status.PENDING) == 3
        assert by_text["The kettle is on, no. 3."].delivery.sent_at == in_(days=-30, seconds=31)
        assert by_text["The kettle is on, no. 4."].delivery.error == "timed out waiting for message"
        assert all(each.id.startswith("17665704") and not each.conflicts for each in messages.values())
    assert [each.name for each in seen(store).contacts.values()] == [ALICE.name, BOB.name, DORA.name]
    again = applied(old)
    assert lines(again, "scheduled.json") == {"read": 5, "already here": 5}
    assert lines(again, "contacts.json") == {"read": 3, "already here": 3}
    assert lines(again, "chats.json") == {"read": 6, "already here": 5, "twice in the file": 1}
    assert {key for key in objects(store) if not key.startswith("sna")} - first.keys() == {
        keys.SCHEDULED,
        keys.CONTACTS,
    }


def test_the_history_has_every_message_once_on_its_day(store: StreamingBucket, old: Path) -> None:
    applied(old)
    found = captured(store)
    assert sorted(each.text for each in found) == ["Grüße", "Hi", "Tea?", "[Image]", "[Image]"]
    assert {entry.key[:19] for entry in store.list(keys.HISTORY)} == {"history/2026/11/21/", "history/2026/11/22/"}
    assert {each.chat_name for each in found} == {"Zoë", "Family"}
    by_id = {each.id: each for each in found}
    assert by_id["3EB0B"].key == (GROUP, BOB.jid, "3EB0B")
    assert by_id["3EB0B"].raw == old_system.chats()[GROUP]["messages"][0]["rawMessage"]


def test_files_that_lie_in_place_are_taken_over_where_they_lie(store: StreamingBucket, old: Path) -> None:
    for path in old.iterdir():
        store.put(path.name, path.read_bytes())
    assert len(seen(store).messages) == 5
    assert len(seen(store).contacts) == 3
    done = applied("--from-bucket")
    assert lines(done, "scheduled.json") == {"read": 5, "already here": 2, "changed": 3}
    assert lines(done, "contacts.json") == {"read": 3, "already here": 2, "changed": 1}
    messages = folded(store)
    assert len(messages) == 5
    assert "Grüße 👋" in {each.text for each in messages.values()}
    assert all(not each.conflicts for each in messages.values())
    for path in old.iterdir():
        assert store.get(keys.before_import(path.name)).data == path.read_bytes()
    before = objects(store)
    done = applied("--from-bucket")
    assert "It is this system's own already" in done
    assert "changed" not in done
    assert objects(store) == before
    assert lines(applied(old), "scheduled.json") == {"read": 5, "already here": 5}
    assert objects(store) == before, "nor does a copy of the same files in a folder bring anything twice"


def test_a_host_that_folded_the_old_files_first_has_nothing_twice(memory: MemoryBucket, old: Path) -> None:
    memory.put(keys.SCHEDULED, (old / "scheduled.json").read_bytes())
    fold = Fold(memory)
    fold.read(NOW)
    confirmed = {id_: each.delivery for id_, each in fold.read(NOW).messages.items()}
    fold.write(NOW, confirmed)
    applied(old)
    assert len(folded(memory)) == 5
    assert len(folded(memory, 2)) == 5


def test_an_old_file_that_is_put_in_place_later_brings_nothing_twice(memory: MemoryBucket, old: Path) -> None:
    applied(old)
    memory.put(keys.SCHEDULED, (old / "scheduled.json").read_bytes())
    memory.put(keys.CONTACTS, (old / "contacts.json").read_bytes())
    messages = folded(memory)
    assert len(messages) == 5
    assert "Grüße 👋" in {each.text for each in messages.values()}
    assert all(not each.conflicts for each in (*messages.values(), *seen(memory).contacts.values()))


def test_what_is_past_its_time_is_missed_at_once_and_asks(memory: MemoryBucket, tmp_path: Path) -> None:
    late = [old_message(number, BOB, at=in_(minutes=-number)) for number in range(2, 60)]
    applied(write(tmp_path / "late", scheduled=late))
    messages = folded(memory)
    picked = due.due(messages.values(), NOW)
    assert len(picked) == 58
    assert all(Row(each, each.delivery).expires_at < NOW for each in picked), "the host misses each of them"


class Slow(MemoryBucket):
    """Each write takes so many minutes by this clock."""

    def __init__(self, clock: FakeClock, minutes: float) -> None:
        super().__init__()
        self._clock, self._seconds = clock, minutes * 60

    def put(self, key: str, data: bytes) -> str:
        self._clock.wait(threading.Event(), self._seconds)
        return super().put(key, data)


def test_what_comes_due_while_an_import_runs_asks_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    bucket = Slow(clock, 10)
    configure(bucket, tmp_path, monkeypatch)
    monkeypatch.setattr(cli.import_old, "SYSTEM", clock)
    monkeypatch.setattr(storing, "BATCH", 1)
    waiting = [old_message(1, at=in_(minutes=5)), old_message(2, at=in_(minutes=15)), old_message(3, at=in_(hours=2))]
    applied(write(tmp_path / "old", scheduled=waiting))
    policies = [each.if_late.policy for each in sorted(seen(bucket).messages.values(), key=lambda each: each.send_at)]
    assert policies == [LatePolicy.ASK, LatePolicy.ASK, LatePolicy.WITHIN]


def test_messages_are_written_before_chats_json_is_kept(memory: MemoryBucket, old: Path) -> None:
    done = applied(old)
    steps = ["scheduled.json is kept", "5 messages are written", "3 contacts are written", "chats.json is kept"]
    places = [done.index(step) for step in (*steps, "captured messages are in the history")]
    assert places == sorted(places)


def test_a_host_without_a_pace_sends_what_is_due_and_nothing_that_is_late(
    tmp_path: Path, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = [old_message(number, BOB, at=in_(minutes=-number)) for number in range(10, 40)]
    write(old, scheduled=[*old_system.scheduled()["messages"], *late])
    with an_api(tmp_path / "host") as api:
        configure(api.bucket, tmp_path, monkeypatch)
        applied(old)
        for now in (in_(seconds=5), in_(hours=1), in_(hours=1, seconds=20)):
            api.set(now)
            tick(api)
        assert api.link.sent == [(DORA.number, "Grüße 👋"), (CHARLIE.number, "The kettle is on, no. 5.")]
        by_status = Counter(each.status for each in seen(api.bucket).messages.values())
        assert by_status == {Status.SENT: 3, Status.MISSED: 31, Status.FAILED: 1}


def tick(api: Api) -> None:
    """What is due is handed over, and the host does its work."""
    now = api.clock.now()
    picked = due.due(View(api.bucket).read(now).messages.values(), now)
    items = [item_of(each) for each in picked]
    answer = api.ask("POST", "/api/v1/messages/batch", {"by": "tick", "now": print_instant(now), "items": items})
    assert answer.status_code == 200
    api.work()


def test_the_page_shows_them(tmp_path: Path, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(tmp_path / "web").enter()
    configure(page.bucket, tmp_path, monkeypatch)
    applied(old)
    agenda = words(page.client.get("/"))
    assert "Grüße 👋" in agenda
    assert DORA.name in agenda
    people = words(page.client.get("/contacts"))
    assert all(person.name in people for person in (ALICE, BOB, DORA))


@pytest.mark.parametrize("in_place", [True, False])
def test_what_the_old_system_may_have_sent_asks_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, in_place: bool
) -> None:
    folder = write(tmp_path / "old", scheduled=[old_message(1, ALICE, status="processing")])
    page = Page(tmp_path / "web").enter()
    configure(page.bucket, tmp_path, monkeypatch)
    if in_place:
        page.bucket.put(keys.SCHEDULED, (folder / "scheduled.json").read_bytes())
    else:
        assert f"{scheduled.NOT_CERTAIN}: 1 (" in applied(folder)
    shown = words(page.client.get("/?show=attention"))
    assert "Not certain" in shown
    assert "The old system left it as 'processing': it may have been sent." in shown


@pytest.mark.parametrize("name", ["scheduled", "contacts", "chats"])
def test_a_file_of_this_system_in_a_folder_is_said_to_be_none_of_the_old_ones(
    memory: MemoryBucket, tmp_path: Path, name: str
) -> None:
    done = applied(write(tmp_path / "old", **{name: {"version": 1, "messages": [], "contacts": []}}))
    assert OURS_IN_FOLDER in done
    assert "before-import" not in done
    assert objects(memory) == {}


def test_what_a_killed_import_left_is_removed_and_what_runs_stays(
    memory: MemoryBucket, old: Path, tmp_path: Path
) -> None:
    dead = tmp_path / "data" / "import-dead"
    dead.mkdir(parents=True)
    (dead / "captured.db").write_bytes(b"kettle")
    with cli.import_old.scratch() as running:
        assert not dead.exists()
        assert running.stat().st_mode & 0o777 == 0o700
        applied(old)
        assert [*running.parent.iterdir()] == [running]
    assert [*running.parent.iterdir()] == []


class Screen(io.StringIO):
    """What a person sees, on a terminal or not."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.mark.parametrize("terminal", [True, False])
def test_on_a_terminal_a_bar_shows_how_far_it_is_and_elsewhere_only_what_is_done(
    monkeypatch: pytest.MonkeyPatch, *, terminal: bool
) -> None:
    screen = Screen(terminal=terminal)
    monkeypatch.setattr(sys, "stderr", screen)
    with cli.import_old.bar("Reading chats.json", 200) as progress:
        progress(50)
        half = screen.getvalue()
        progress(150)
    if terminal:
        assert "25%" in half
        assert "100%" in screen.getvalue()
    else:
        assert screen.getvalue() == "Reading chats.json\n"


def test_a_contact_that_is_here_under_another_id_is_no_second_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page(tmp_path / "web").enter()
    configure(page.bucket, tmp_path, monkeypatch)
    page.client.post("/contacts", data={"name": "Ally", "number": f"+{ALICE.number}"})
    done = applied(write(tmp_path / "old", contacts=old_system.contacts()))
    assert lines(done, "contacts.json") == {"read": 3, "new": 2, "here as another contact": 1}
    assert sorted(each.name for each in page.contacts.values()) == ["Ally", BOB.name, DORA.name]


def test_records_of_one_id_are_one_message(memory: MemoryBucket, tmp_path: Path) -> None:
    sent = old_message(1, status="sent", sentAt=old_system.instant(in_(5)))
    folder = write(tmp_path / "old", scheduled=[old_message(1), sent, old_message(1)])
    write(folder, **{"scheduled-messages": {"messages": [old_message(1), old_message(2)]}})
    done = applied(folder)
    assert lines(done, "scheduled.json") == {"read": 3, "new": 1, "twice in the file": 2}
    messages = folded(memory)
    assert sorted(each.status for each in messages.values()) == [Status.PENDING, Status.SENT]
    before = objects(memory)
    applied(folder)
    assert objects(memory) == before


@pytest.mark.parametrize("where", ["folder", "in place"])
def test_different_messages_of_one_id_are_two(memory: MemoryBucket, tmp_path: Path, where: str) -> None:
    folder = write(tmp_path / "old", scheduled=[old_message(1), old_message(1, BOB, message="Other")])
    if where == "in place":
        memory.put(keys.SCHEDULED, (folder / "scheduled.json").read_bytes())
    done = applied(folder)
    assert f"{scheduled.ONE_ID}: 1 ({old_message(1)['id']} at 2)" in done
    assert "twice in the file" not in lines(done, "scheduled.json")
    found = {(each.to, each.text) for each in folded(memory).values()}
    assert found == {(ALICE.number, "The kettle is on, no. 1."), (BOB.number, "Other")}
    before = objects(memory)
    assert "messages are written" not in applied(folder)
    assert objects(memory) == before


def test_an_edit_here_of_what_the_old_system_sent_goes_as_another_message(memory: MemoryBucket, tmp_path: Path) -> None:
    folder = write(tmp_path / "old", scheduled=[old_message(1)])
    applied(folder)
    (imported,) = folded(memory).values()
    writer = Writer(memory, "web")
    name = writer.reserve()
    writer.append(name, in_(minutes=2), messages=[imported.edited(name, text="Mine")])
    write(folder, scheduled=[old_message(1, status="sent", sentAt=old_system.instant(in_(5)))])
    done = applied(folder)
    assert lines(done, "scheduled.json") == {"read": 1, "changed here since": 1}
    assert f"{SENT_BEFORE}: 1 ({imported.id})" in done
    (mine,) = seen(memory).messages.values()
    assert (mine.text, mine.status) == ("Mine", Status.PENDING)


def test_a_file_that_grew_brings_only_what_is_new(memory: MemoryBucket, tmp_path: Path) -> None:
    one = [said(f"Tea {number}?", in_(number)) for number in range(10)]
    applied(write(tmp_path / "old", chats={ALICE.jid: old_chat(ALICE.jid, *one)}))
    two = [*one, said("More?", in_(60)), said("Tomorrow?", in_(days=1))]
    done = applied(write(tmp_path / "old", chats={ALICE.jid: old_chat(ALICE.jid, *two)}))
    assert lines(done, "chats.json") == {"read": 12, "new": 2, "already here": 10}
    assert "2 captured messages are in the history, in 2 new segments." in done
    assert len(captured(memory)) == len({each.key for each in captured(memory)}) == 12
    before = objects(memory)
    applied(tmp_path / "old")
    assert objects(memory) == before


class Watched(MemoryBucket):
    """Notes which objects are read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def get(self, key: str) -> Stored:
        self.read.append(key)
        return super().get(key)


def test_a_history_that_is_all_here_is_known_by_its_names(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = Watched()
    configure(bucket, tmp_path, monkeypatch)
    applied(old)
    assert lines(run(old).output, "chats.json")["already here"] == 5
    assert not [key for key in bucket.read if key.startswith(keys.HISTORY)], "hundreds of megabytes would be fetched"


def test_many_records_share_an_operation(memory: MemoryBucket, tmp_path: Path) -> None:
    people = {f"4477009{number:05d}": old_contact(ALICE, phones={}, name=f"P{number}") for number in range(450)}
    folder = write(tmp_path / "old", scheduled=[old_message(n) for n in range(450)], contacts=people)
    applied(folder)
    assert len(list(memory.list(keys.LOG))) == 6
    assert (len(seen(memory).messages), len(seen(memory).contacts)) == (450, 450)


@pytest.mark.parametrize("earlier", ["shorter", "as long"])
def test_originals_that_are_kept_already_stay_and_others_lie_beside_them(
    memory: MemoryBucket, old: Path, earlier: str
) -> None:
    data = (old / "scheduled.json").read_bytes()
    there = b"from an earlier day" + b" " * (len(data) - 19 if earlier == "as long" else 0)
    memory.put(keys.before_import("scheduled.json"), there)
    done = applied(old)
    beside = f"before-import/{hashlib.sha256(data).hexdigest()[:16]}/scheduled.json"
    assert memory.get(keys.before_import("scheduled.json")).data == there
    assert memory.get(beside).data == data
    assert f"scheduled.json is kept byte for byte as {beside}, and was read back." in done


@pytest.mark.parametrize("cut", [0, 1])
def test_a_large_original_is_kept_in_pieces(
    memory: MemoryBucket, old: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    data = (old / "chats.json").read_bytes()
    data += b" " * (len(data) % 2)
    (old / "chats.json").write_bytes(data)
    monkeypatch.setattr(storing, "PART_BYTES", len(data) // 2 - cut)
    kept = "chats.json is kept byte for byte as before-import/chats.json.part-0001 and so on"
    assert kept in applied(old)
    parts = [entry.key for entry in memory.list("before-import/chats.json")]
    assert len(parts) == 2 + cut
    assert b"".join(memory.get(key).data for key in parts) == data
    assert kept in applied(old)
    memory.put(parts[0], b"x")
    assert "chats.json is kept byte for byte as before-import/" in applied(old)
    assert memory.get(parts[0]).data == b"x"


class Interrupted(MemoryBucket):
    """Stops the person's patience, or the network, at one of its writes: before it, or after it has happened."""

    def __init__(self, at: int, how: type[BaseException], *, written: bool) -> None:
        super().__init__()
        self.left, self._how, self._written = at, how, written

    def put(self, key: str, data: bytes) -> str:
        self.left -= 1
        if self.left == 0 and not self._written:
            raise self._how("away")
        etag = super().put(key, data)
        if self.left == 0:
            raise self._how("away")
        return etag


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("how", [KeyboardInterrupt, Unreachable])
def test_stopped_anywhere_and_run_again_it_comes_to_the_same_end(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: type[BaseException], written: bool
) -> None:
    monkeypatch.setattr(storing, "BATCH", 2)
    whole = MemoryBucket()
    configure(whole, tmp_path, monkeypatch)
    applied(old)
    expected = objects(whole)
    for at in range(1, len(expected) + 1):
        bucket = Interrupted(at, how, written=written)
        configure(bucket, tmp_path, monkeypatch)
        monkeypatch.setattr(Writer, "_put", lambda self, key, data: self._bucket.put(key, data))  # without its patience
        stopped = run(old, "--apply")
        assert stopped.exit_code == 1
        assert "What is done stays done: run the same again to go on." in stopped.output
        applied(old)
        assert objects(bucket) == expected, at


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("scheduled", b"{", "scheduled.json ends in the middle at line 1"),
        ("contacts", b"[7", "contacts.json ends in the middle"),
        ("contacts", b'{"a": {}}', "contacts.json is not what the old system wrote"),
        ("chats", b'{"a": {"messages": [{"message": "kettle', "chats.json ends in the middle at line 1"),
        ("chats", b"PK\x03\x04", "chats.json is a zip"),
    ],
)
def test_one_file_that_cannot_be_read_stops_it_before_anything_is_written(
    memory: MemoryBucket, old: Path, name: str, data: bytes, why: str
) -> None:
    write(old, **{name: data})
    for arguments in ((), ("--apply",)):
        done = run(old, *arguments)
        assert done.exit_code == 1
        assert f"  ! {why}" in done.output
        assert "Nothing was written: put right what is marked with !" in done.output
        assert "kettle" not in done.output
        assert objects(memory) == {}


def test_what_is_here_and_cannot_be_read_stops_it(memory: MemoryBucket, old: Path) -> None:
    memory.put(keys.SCHEDULED, b"{")
    done = run(old, "--apply")
    assert done.exit_code == 1
    assert "What is here already cannot be told: scheduled.json is no valid JSON" in done.output
    assert list(objects(memory)) == [keys.SCHEDULED]


def test_jobs_are_kept_and_said_to_be_left_out(memory: MemoryBucket, tmp_path: Path) -> None:
    jobs = [{"id": "job_1", "status": "pending"}, {"id": "job_2", "status": "completed"}]
    done = applied(write(tmp_path / "old", jobs=jobs))
    assert "1 of them had not ended: schedule those anew on the page." in done
    assert list(objects(memory)) == ["before-import/jobs.json"]


@pytest.mark.parametrize("arguments", [(), (".", "--from-bucket")])
def test_it_wants_a_folder_or_the_bucket(memory: MemoryBucket, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert "Name the folder with the old files, or --from-bucket." in done.output


def test_it_says_where_there_is_nothing(memory: MemoryBucket, tmp_path: Path) -> None:
    assert "is not there: name the folder" in run(tmp_path / "nowhere").output
    assert "holds none of the old system's files" in run(tmp_path).output
    assert "The bucket holds none of the old system's files" in run("--from-bucket").output


def test_a_relative_folder_is_meant_from_where_one_stands(
    memory: MemoryBucket, old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr(cli.import_old, "ROOT", elsewhere)
    monkeypatch.chdir(old.parent)
    assert lines(applied("old"), "scheduled.json") == {"read": 5, "new": 5}


def test_it_needs_no_more_room_than_there_is(memory: MemoryBucket, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10}))
    done = run(old)
    assert done.exit_code == 1
    assert "make space, then run this again" in done.output


def test_a_disk_that_is_full_while_it_sorts_is_said(
    memory: MemoryBucket, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(Spill):
        def __init__(self, folder: Path) -> None:
            super().__init__(folder)
            self._db.execute("PRAGMA max_page_count = 10")

    monkeypatch.setattr("cli.old.spill.Spill", Full)
    write(old, chats={ALICE.jid: old_chat(ALICE.jid, *(said(f"{n}" * 50, in_(n)) for n in range(500)))})
    done = run(old, "--apply")
    assert done.exit_code == 1
    assert "(database or disk is full): make space there." in done.output
    assert objects(memory) == {}


@pytest.mark.parametrize("name", ["scheduled.json", "chats.json"])
def test_a_file_that_the_disk_does_not_give_is_said(
    memory: MemoryBucket, old: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Path.open

    def refused(path: Path, *arguments: Any, **keywords: Any) -> Any:
        if path.name == name:
            raise PermissionError(13, "Permission denied")
        return original(path, *arguments, **keywords)

    monkeypatch.setattr(Path, "open", refused)
    done = run(old)
    assert done.exit_code == 1
    assert f"{name} cannot be read: Permission denied. Check its rights and the disk." in done.output


def test_everything_of_a_file_as_large_as_it_was_is_taken_over(memory: MemoryBucket, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    count = write_chats(tmp_path / "old" / "chats.json", 5_500_000)
    done = applied(tmp_path / "old")
    raw = json.loads((tmp_path / "old" / "chats.json").read_bytes())
    wanted = {(chat, each["timestamp"], each["message"]) for chat in raw for each in raw[chat]["messages"]}
    found = captured(memory)
    assert lines(done, "chats.json")["read"] == count
    assert len(found) == lines(done, "chats.json")["new"] == len({each.key for each in found})
    misread_too = {(each.chat, int(each.at.timestamp()), each.text) for each in found}
    assert len(misread_too - wanted) < len(found) / 50, "but for mended texts"
    assert {chat for chat, *_ in wanted} == {each.chat for each in found}
    assert memory.get("before-import/chats.json").data == (tmp_path / "old" / "chats.json").read_bytes()


def test_texts_of_every_kind_arrive(memory: MemoryBucket, tmp_path: Path) -> None:
    texts = [misread("Grüße"), "Ünïcødé \u202e\u0000", "x" * 60_000, "", "\n\t", CHARLIE.name]
    folder = write(
        tmp_path / "old", chats={ALICE.jid: old_chat(ALICE.jid, *(said(t, in_(n)) for n, t in enumerate(texts)))}
    )
    applied(folder)
    assert [each.text for each in captured(memory)] == ["Grüße", *texts[1:]]
