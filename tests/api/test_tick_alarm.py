"""The tick's alarm over real HTTP: what the owner's receiver gets, signed, and where a notice never goes."""

import json
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from chalice_app.chalicelib import alert, tick
from chalice_app.chalicelib.alert import Allowed, NotDelivered, post, public
from chalice_app.chalicelib.incidents import Incidents
from chalice_app.chalicelib.tick import Tick, TickFailed
from shared.model.alarm import Incident, Kind
from shared.model.link import Link, describe
from shared.model.wire import HandoverAnswer
from shared.settings import SettingsError
from shared.store import keys
from shared.store.directory import DirectoryBucket
from shared.store.errors import NotFound, Unreachable
from shared.store.memory import MemoryBucket
from shared.store.oplog import Writer
from shared.store.pulse import HostPulse, read_tick, write_host
from tests import builders
from tests.fakes.host import Failing
from tests.fakes.http_host import answering
from tests.fakes.receiver import SECRET, Receiver, certificate, receiving

DOWN = "http://127.0.0.1:9"
"""No host answers there."""


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the tick remembers on its machine stays in this folder of the test's own."""
    folder = tmp_path / "machine"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


class Minutes:
    """Ticks a minute apart that end about now, for a signature's time must be the receiver's."""

    def __init__(self, root: Path, receiver: Receiver) -> None:
        self.root, self.receiver = root, receiver
        self.now = datetime.now(UTC) - timedelta(minutes=4)
        self.bucket = DirectoryBucket(root / "bucket", "whatsapp/")

    def tick(self, host: str, **changes: str) -> str | None:
        """One by a fresh process; why it failed, or None. A minute passes."""
        environment = {
            "STORAGE_DIR": str(self.root / "bucket"),
            "HOST_URL": host,
            "ALERT_URL": self.receiver.url,
            "ALERT_SECRET": SECRET,
            "ALERT_ALLOW": "127.0.0.1",
        }
        self.now += timedelta(minutes=1)
        try:
            Tick(environment | changes).run(self.now)
        except TickFailed as error:
            return str(error)
        return None

    def answer(self, **changes: Any) -> bytes:
        fields: dict[str, Any] = {"now": self.now, "host": "host", "link": describe(Link.CONNECTED, self.now)}
        return json.dumps(HandoverAnswer(**(fields | changes)).as_json()).encode()

    @property
    def told(self) -> list[str]:
        return [f"{each.notice['data']['kind']} {each.notice['type']}" for each in self.receiver.taken]


@pytest.fixture
def minutes(tmp_path: Path, receiver: Receiver) -> Minutes:
    return Minutes(tmp_path, receiver)


def test_a_host_that_is_down_is_told_once_and_its_return_once(minutes: Minutes, receiver: Receiver) -> None:
    assert [bool(minutes.tick(DOWN)) for _ in range(4)] == [True] * 4
    assert minutes.told == ["host alarm.opened"]
    with answering(200, minutes.answer()) as host:
        assert [minutes.tick(host.url) for _ in range(4)] == [None] * 4
    assert minutes.told == ["host alarm.opened", "host alarm.recovered"]
    assert receiver.forged == 0
    opened, ended = receiver.taken
    assert opened.id != ended.id
    assert opened.notice["data"]["incident"] == ended.notice["data"]["incident"]
    assert "does not answer" in opened.notice["data"]["sentence"]
    assert ended.notice["data"]["sentence"] == "The session host answers again. That lasted 4 minutes."
    assert opened.notice["data"]["account"] == "whatsapp/"
    assert list(minutes.bucket.list("pulse/")) == []


def test_what_is_overdue_is_told_after_it_was_handed_over(minutes: Minutes) -> None:
    with answering(200, minutes.answer(overdue=2)) as host:
        assert minutes.tick(host.url) == "2 messages are overdue by more than two minutes."
        assert len(host.asked) == 1
    assert minutes.told == ["overdue alarm.opened"]


def test_what_is_overdue_is_counted_in_the_log_while_the_host_that_answers_does_not_fold(minutes: Minutes) -> None:
    late = builders.message(id="m1", version=f"web-{'0' * 32}-00000001", send_at=minutes.now - timedelta(hours=1))
    Writer(minutes.bucket, "web", "0" * 32).append(late.version, minutes.now, messages=[late])
    for last_fold in (None, minutes.now - timedelta(minutes=9)):
        with answering(200, minutes.answer(last_fold=last_fold)) as host:
            assert minutes.tick(host.url) == "1 message is overdue by more than two minutes."
    with answering(200, minutes.answer(last_fold=minutes.now)) as host:
        assert minutes.tick(host.url) is None, "the host knows better"


def test_a_held_message_does_not_alarm_while_the_host_is_away(minutes: Minutes) -> None:
    held = builders.message(id="m1", send_at=minutes.now - timedelta(hours=1)).evolve(
        delivery=builders.delivery(held_until=minutes.now + timedelta(hours=8), held_reason="Quiet hours.")
    )
    minutes.bucket.put(keys.SCHEDULED, json.dumps({"version": 1, "messages": [held.as_json()]}).encode())
    assert "overdue" not in (minutes.tick(DOWN) or "")


def test_a_link_that_does_not_send_is_an_error_with_what_to_do(minutes: Minutes) -> None:
    with answering(200, minutes.answer(link=describe(Link.LOGGED_OUT, minutes.now))) as host:
        assert "scan the QR code again" in (minutes.tick(host.url) or "")
        minutes.tick(host.url)
    assert minutes.told == ["link alarm.opened"]


def test_an_old_pulse_is_told_at_once(minutes: Minutes) -> None:
    write_host(minutes.bucket, HostPulse(host="host", epoch=1, counter=1, at=minutes.now - timedelta(minutes=9)))
    with answering(200, minutes.answer()) as host:
        assert "9 minutes old" in (minutes.tick(host.url) or "")
    assert minutes.told == ["pulse alarm.opened"]


def test_a_damaged_pulse_is_a_bucket_that_cannot_be_read(minutes: Minutes) -> None:
    minutes.bucket.put(keys.HOST_PULSE, b"{")
    with answering(200, minutes.answer()) as host:
        assert "pulse/host.json is no valid JSON" in (minutes.tick(host.url) or "")


def test_an_unreadable_bucket_is_told_once_and_its_return_once(
    minutes: Minutes, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = Failing()
    monkeypatch.setattr(tick, "open_bucket", lambda settings, hurried: bucket)
    bucket.trouble = Unreachable("The storage does not answer.")
    with answering(200, minutes.answer()) as host:
        said = [minutes.tick(host.url) for _ in range(4)]
        assert said == ["scheduled.json could not be read: The storage does not answer."] * 4
        assert [each.body.count(b"items") for each in host.asked] == [0] * 4, "the host hears of the cron all the same"
        assert minutes.told == ["bucket alarm.opened"]
        assert bucket.calls == ["get scheduled.json"] * 4, "a tick has no time to wait for it twice"
        bucket.trouble = None
        assert [minutes.tick(host.url) for _ in range(3)] == [None] * 3
    assert minutes.told == ["bucket alarm.opened", "bucket alarm.recovered"]
    assert list(machine.iterdir()) == [], "what was remembered on the machine is not left there"
    assert list(bucket.list("")) == []


def test_what_is_not_taken_comes_again_under_the_same_id(minutes: Minutes, receiver: Receiver) -> None:
    receiver.status = 503
    for _ in range(3):
        minutes.tick(DOWN)
    receiver.status = 200
    for _ in range(2):
        minutes.tick(DOWN)
    assert len(receiver.taken) == 3
    assert len({each.id for each in receiver.taken}) == 1


def test_ticks_at_the_same_moment_tell_it_under_one_id(minutes: Minutes, receiver: Receiver) -> None:
    minutes.tick(DOWN)
    start, now = threading.Barrier(4), minutes.now

    def tick_beside_the_others() -> None:
        beside = Minutes(minutes.root, receiver)
        beside.now = now
        start.wait(60)
        beside.tick(DOWN)

    threads = [threading.Thread(target=tick_beside_the_others) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert receiver.taken
    assert len({each.id for each in receiver.taken}) == 1
    heard = len(receiver.taken)
    minutes.now = now + timedelta(minutes=1)
    minutes.tick(DOWN)
    assert len(receiver.taken) == heard


def test_without_an_address_the_error_is_the_alarm(minutes: Minutes, receiver: Receiver) -> None:
    assert minutes.tick(DOWN, ALERT_URL="", ALERT_SECRET="")
    assert minutes.tick(DOWN, ALERT_URL="", ALERT_SECRET="")
    assert receiver.taken == []
    found = read_tick(minutes.bucket)
    assert found
    assert found.incidents[0].noticed_at


def test_two_accounts_never_share_an_id(minutes: Minutes, receiver: Receiver) -> None:
    for _ in range(2):
        minutes.now -= timedelta(minutes=1)
        minutes.tick(DOWN, B2_PREFIX="one/")
        minutes.now -= timedelta(minutes=1)
        minutes.tick(DOWN, B2_PREFIX="two/")
        minutes.now += timedelta(minutes=1)
    assert len({each.notice["data"]["incident"] for each in receiver.taken}) == 1
    assert len({each.id for each in receiver.taken}) == 2


def test_a_wrong_secret_is_what_the_receiver_says_it_is(minutes: Minutes, receiver: Receiver) -> None:
    for _ in range(2):
        minutes.tick(DOWN, ALERT_SECRET="whsec_" + "x" * 32)
    assert (receiver.taken, receiver.forged) == ([], 1)


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.status = 307
    receiver.location = receiver.url
    with pytest.raises(NotDelivered, match="answered 307"):
        post(receiver.url, b"{}", {}, Allowed("127.0.0.1"))
    assert receiver.forged == 1


def test_a_receiver_that_keeps_us_waiting_is_left(
    minutes: Minutes, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.wait = threading.Event()
    monkeypatch.setattr(alert, "SECONDS", 0.2)
    for _ in range(2):
        assert minutes.tick(DOWN)
    found = read_tick(minutes.bucket)
    assert found
    assert found.incidents[0].noticed_at is None


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3",
        "127.0.0.1",
        "169.254.169.254",
        "192.168.0.1",
        "172.16.0.1",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.251",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "2002:a00:1::1",
        "2001:0:1::1",
    ],
)
def test_a_private_address_is_refused_unless_it_is_listed(address: str) -> None:
    found = ip_address(address)
    assert not public(found)
    with pytest.raises(NotDelivered, match="ALERT_ALLOW"):
        Allowed("").choose("https", "alerts.example", [found])
    assert Allowed(address).choose("https", "alerts.example", [found]) == found
    assert Allowed("Alerts.Example").choose("https", "alerts.example", [found]) == found


def test_a_public_address_is_taken_before_a_private_one_of_the_same_name() -> None:
    private, fine = ip_address("10.0.0.1"), ip_address("93.184.215.14")
    assert Allowed("192.168.0.0/16").choose("https", "alerts.example", [private, fine]) == fine


@pytest.mark.parametrize("allowed", ["", "93.184.215.14"])
def test_http_never_leaves_this_machine(allowed: str) -> None:
    with pytest.raises(NotDelivered, match="use https"):
        Allowed(allowed).choose("http", "alerts.example", [ip_address("93.184.215.14")])


def test_http_to_this_machine_must_be_listed(receiver: Receiver) -> None:
    with pytest.raises(NotDelivered, match="use https"):
        post(receiver.url, b"{}", {}, Allowed(""))
    assert receiver.hosts == []


def test_a_name_is_resolved_once_and_exactly_that_address_is_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that changes its mind between check and connection (DNS rebinding) gains nothing."""
    asked = []

    def resolve(host: str, port: int) -> list[Any]:
        asked.append(host)
        return [ip_address("127.0.0.1")] if len(asked) == 1 else [ip_address("10.0.0.1")]

    monkeypatch.setattr(alert, "resolve", resolve)
    url = receiver.url.replace("127.0.0.1", "alerts.example")
    assert post(url, b"{}", {}, Allowed("alerts.example")) == 204
    assert asked == ["alerts.example"]
    assert receiver.hosts == [url.split("/")[2]]


@pytest.mark.parametrize(
    ("asked", "trusted", "said"),
    [
        ("alerts.example", True, None),
        ("other.example", True, "SSLError"),
        ("alerts.example", False, "SSLError"),
    ],
)
def test_over_https_the_certificate_must_be_that_of_the_name_not_of_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, *, trusted: bool, said: str | None
) -> None:
    file = certificate("alerts.example", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(file if trusted else tmp_path / "none.pem"))
    monkeypatch.setattr(alert, "resolve", lambda host, port: [ip_address("127.0.0.1")])
    with receiving(file) as receiver:
        url = receiver.url.replace("127.0.0.1", asked)
        if said is None:
            assert post(url, b"{}", {}, Allowed("127.0.0.0/8")) == 204
            return
        with pytest.raises(NotDelivered, match=said):
            post(url, b"{}", {}, Allowed("127.0.0.0/8"))
        assert receiver.hosts == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ALERT_SECRET": ""}, "ALERT_URL is set, but ALERT_SECRET is not"),
        ({"ALERT_SECRET": "hunter2"}, "ALERT_SECRET is wrong"),
        ({"ALERT_SECRET": "whsec_c2hvcnQ="}, "ALERT_SECRET is wrong"),
        ({"ALERT_URL": "ftp://alerts.example"}, "ALERT_URL is wrong"),
        ({"ALERT_URL": "https://user:word@alerts.example"}, "ALERT_URL is wrong"),
        ({"ALERT_URL": "https://alerts.example:port/"}, "ALERT_URL is wrong"),
        ({"ALERT_ALLOW": "10.0.0.0/80"}, "ALERT_ALLOW is wrong"),
        ({"ALERT_ALLOW": "a b"}, "ALERT_ALLOW is wrong"),
    ],
)
def test_a_wrong_setting_is_said_without_its_secret(minutes: Minutes, changes: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said) as refused:
        minutes.tick(DOWN, **changes)
    assert "hunter2" not in str(refused.value)
    assert "word" not in str(refused.value)


# What is remembered while the bucket is dark.

INCIDENT = Incident(kind=Kind.BUCKET, id="bucket-1", since=builders.NOW, sentence="The storage does not answer.")


def test_what_was_opened_in_the_dark_is_written_once_there_is_light(machine: Path) -> None:
    bucket = MemoryBucket()
    dark = Incidents(bucket, "a", machine)
    assert dark.read(dark=True) == ()
    dark.write((INCIDENT,))
    light = Incidents(bucket, "a", machine)
    assert light.read() == (INCIDENT,)
    light.write(light.read())
    assert Incidents(bucket, "a", machine / "elsewhere").read() == (INCIDENT,)


def test_what_is_known_of_the_bucket_is_known_in_the_dark(machine: Path) -> None:
    """So that an incident that was told is not told again."""
    bucket = MemoryBucket()
    light = Incidents(bucket, "a", machine)
    light.read()
    light.write((INCIDENT,))
    assert Incidents(bucket, "a", machine).read(dark=True) == (INCIDENT,)


def test_a_bucket_that_cannot_be_written_does_not_silence_the_alarm(machine: Path) -> None:
    bucket = Failing()
    bucket.trouble = Unreachable("The storage does not answer.")
    incidents = Incidents(bucket, "a", machine)
    assert incidents.read() == ()
    incidents.write((INCIDENT,))
    assert Incidents(bucket, "a", machine).read() == (INCIDENT,)


def test_nothing_is_written_while_nothing_is_open(machine: Path) -> None:
    bucket = MemoryBucket()
    incidents = Incidents(bucket, "a", machine)
    incidents.read()
    incidents.write(())
    assert list(machine.iterdir()) == []
    with pytest.raises(NotFound):
        bucket.get(keys.TICK_PULSE)


@pytest.mark.parametrize("damage", [b"", b"{", b'{"incidents": 3}'])
def test_a_damaged_memory_is_no_memory(machine: Path, damage: bytes) -> None:
    incidents = Incidents(MemoryBucket(), "a", machine)
    incidents.read(dark=True)
    incidents.write((INCIDENT,))
    [file] = machine.iterdir()
    file.write_bytes(damage)
    assert incidents.read(dark=True) == ()


def test_a_link_in_the_place_of_the_memory_is_not_followed(machine: Path) -> None:
    incidents = Incidents(MemoryBucket(), "a", machine)
    incidents.read(dark=True)
    incidents.write((INCIDENT,))
    [file] = machine.iterdir()
    file.rename(machine / "elsewhere")
    file.symlink_to(machine / "elsewhere")
    assert incidents.read(dark=True) == ()


def test_a_damaged_object_is_written_anew(machine: Path) -> None:
    bucket = MemoryBucket()
    bucket.put(keys.TICK_PULSE, b"{")
    incidents = Incidents(bucket, "a", machine)
    assert incidents.read() == ()
    incidents.write((INCIDENT,))
    assert Incidents(bucket, "a", machine / "elsewhere").read() == (INCIDENT,)


def test_an_object_of_a_newer_version_is_left_alone(machine: Path) -> None:
    bucket = MemoryBucket()
    bucket.put(keys.TICK_PULSE, b'{"version": 2}')
    incidents = Incidents(bucket, "a", machine)
    incidents.read()
    incidents.write((INCIDENT,))
    assert bucket.get(keys.TICK_PULSE).data == b'{"version": 2}'
    assert Incidents(bucket, "a", machine).read() == (INCIDENT,)
