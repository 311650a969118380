"""What a bucket really does, found by trying it: `wa bucket check`. What it writes lies below probe/ and goes again.

Stores that speak S3 differ where it hurts: some refuse what Amazon takes, some say yes and do something else. Each
finding says what was seen and what that means for this project.
"""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import StrEnum
from itertools import count
from typing import Any, NamedTuple

from session_host.gates import HOLDS, SHOWN
from shared.clock import SYSTEM, Clock
from shared.store import keys
from shared.store.b2 import Answer, B2Bucket
from shared.store.bucket import Bucket
from shared.store.errors import StoreError

REFUSED = (401, 403)
"""The answers that say no; any other failure says nothing about who may do what."""

LONGEST_LISTING = 30.0
"""Seconds after which a listing that still lacks an object is given up."""

OBJECTS = 5


class Verdict(StrEnum):
    """How much a finding matters: all well; to be known; to be mended before the bucket is used."""

    WELL = "well"
    NOTE = "note"
    WRONG = "wrong"


class Finding(NamedTuple):
    """One thing that was tried: what was seen, and what that means for whoever uses this bucket."""

    subject: str
    verdict: Verdict
    seen: str
    means: str


def well(subject: str, seen: str, means: str) -> Finding:
    """Nothing to do."""
    return Finding(subject, Verdict.WELL, seen, means)


def note(subject: str, seen: str, means: str) -> Finding:
    """It works, and there is something to know."""
    return Finding(subject, Verdict.NOTE, seen, means)


def wrong(subject: str, seen: str, means: str) -> Finding:
    """It does not work, or nobody should use it so."""
    return Finding(subject, Verdict.WRONG, seen, means)


def new_folder() -> str:
    """Where one round writes, and what it deletes again: no other round's, and nobody's."""
    return f"{keys.PROBE}{secrets.token_hex(8)}/"


def probe_objects(bucket: Bucket, folder: str, clock: Clock = SYSTEM) -> Iterator[Finding]:
    """What each kind of bucket must do: keep, give back, replace, list and delete whole objects. Leaves nothing behind.

    Ends with the first that fails, for the others would only fail too.
    """
    names = [f"{folder}{number}" for number in range(OBJECTS)]
    data = secrets.token_bytes(4096)
    try:
        yield _timed("write", lambda: [bucket.put(name, data) for name in names], clock)
        yield _read(bucket, names, data)
        yield _replaced(bucket, names[0])
        yield _listed(bucket, folder, set(names), clock)
    except StoreError as error:
        yield wrong("objects", str(error), "Nothing can be stored here like this.")
        return
    finally:
        for name in names:
            with suppress(StoreError):  # what fails here fails as the next finding, aloud
                bucket.delete(name)
    yield _deleted(bucket, names)


def probe_s3(bucket: B2Bucket, folder: str) -> Iterator[Finding]:
    """What stores that speak S3 differ in. Raises StoreError where the store stops to answer."""
    probe = Probe(bucket, folder)
    try:
        yield probe.new_only()
        yield probe.unchanged_only()
        yield probe.not_modified()
        yield probe.checksums()
        yield probe.digest()
        yield probe.clock()
        yield probe.strangers()
        yield probe.versions()
        yield probe.reach()
    finally:
        probe.clear()


class Probe:
    """One round of questions over objects below one folder of the bucket."""

    def __init__(self, bucket: B2Bucket, folder: str) -> None:
        self._bucket, self._folder = bucket, folder
        self._numbers = count()

    def new_only(self) -> Finding:
        """PUT with If-None-Match: * over an object that is there."""
        key, _ = self._stored(b"first")
        answer = self._bucket.ask("put_object", Key=key, Body=b"second", IfNoneMatch="*")
        return self._condition("write only what is new", key, answer)

    def unchanged_only(self) -> Finding:
        """PUT with If-Match of another version than the one that is there."""
        key, _ = self._stored(b"first")
        answer = self._bucket.ask("put_object", Key=key, Body=b"second", IfMatch='"00000000000000000000000000000000"')
        return self._condition("write only over what was read", key, answer)

    def _condition(self, subject: str, key: str, answer: Answer) -> Finding:
        kept = self._bucket.get(key.removeprefix(self._bucket.prefix)).data == b"first"
        if answer.status < 300 and not kept:
            return note(
                subject,
                f"says {answer.status}, and overwrites all the same",
                "This store lies about conditions. Nothing here relies on them; a program that does would lose data.",
            )
        if answer.status < 300:
            return note(subject, f"says {answer.status}, and keeps the old object", "Nothing here relies on it.")
        if not kept:
            return wrong(subject, f"says {_said(answer)}, and overwrites all the same", "Do not use this store.")
        if answer.status == 412:
            return well(subject, "kept: 412", "Nothing here relies on it, for Backblaze B2 cannot.")
        return well(subject, f"refused: {_said(answer)}", "As with Backblaze B2; nothing here relies on it.")

    def not_modified(self) -> Finding:
        """GET with If-None-Match of the version that is there: what each idle tick asks."""
        subject = "read only what has changed"
        key, tag = self._stored(b"the same")
        answer = self._bucket.ask("get_object", Key=key, IfNoneMatch=tag)
        if answer.status == 304:
            return well(subject, "304, and no data", "A tick with nothing new costs one small request.")
        if answer.status < 300 and answer.body.get("ETag") == tag:
            answer.body["Body"].close()
            return note(subject, "answers with all of it", "It works; each tick reads the whole scheduled.json.")
        return wrong(subject, _said(answer), "The tick could not read what is scheduled.")

    def checksums(self) -> Finding:
        """PUT with the CRC header that newer boto3 sends unless told otherwise."""
        answer = self._bucket.ask("put_object", Key=self._key(), Body=b"sum", ChecksumAlgorithm="CRC32")
        seen = "taken" if answer.status < 300 else f"refused: {_said(answer)}"
        return well("checksum headers of newer clients", seen, "This project sends none; each body is signed instead.")

    def digest(self) -> Finding:
        """PUT whose body is not what its digest says."""
        subject = "a body that was damaged on its way"
        answer = self._bucket.ask("put_object", Key=self._key(), Body=b"damaged", ContentMD5="A" * 22 + "==")
        if answer.status < 300:
            return note(
                subject,
                "taken",
                "The store checks no digest: the encrypted connection is what notices damage on the way.",
            )
        return well(subject, f"refused: {_said(answer)}", "Damage on the way is noticed and sent again.")

    def clock(self) -> Finding:
        """The store's Date against ours."""
        subject, offset = "the store's clock", self._bucket.server_time_offset
        if offset is None:
            return note(subject, "it sends no date", "The host then compares its clock with the tick's only.")
        seen = f"{abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'} this machine's"
        if abs(offset) > HOLDS.total_seconds():
            return wrong(subject, seen, "Set this machine's clock (timedatectl set-ntp true): the host would hold all.")
        if abs(offset) > SHOWN.total_seconds():
            return note(subject, seen, "Set this machine's clock (timedatectl set-ntp true): messages leave by it.")
        return well(subject, f"within {SHOWN.seconds} s of this machine's", "Messages leave at their second.")

    def strangers(self) -> Finding:
        """Read, list and write without a key."""
        key, _ = self._stored(b"private")
        tries: dict[str, Callable[[], Answer]] = {
            "read": lambda: self._bucket.ask("get_object", anonymously=True, Key=key),
            "list": lambda: self._bucket.ask("list_objects_v2", anonymously=True, Prefix=self._bucket.prefix),
            "write": lambda: self._bucket.ask("put_object", anonymously=True, Key=self._key(), Body=b"a stranger's"),
        }
        answers = {name: attempt() for name, attempt in tries.items()}
        done = [name for name, answer in answers.items() if answer.status < 300]
        if done:
            return wrong(
                "people without a key",
                f"can {_listed_words(done)}",
                "Everybody who knows the address has your messages: make the bucket private before anything is in it.",
            )
        if unclear := [name for name, answer in answers.items() if answer.status not in REFUSED]:
            said = ", ".join(f"{name}: {_said(answers[name])}" for name in unclear)
            return note("people without a key", f"could not be told ({said})", "Run the check again.")
        return well("people without a key", "can neither read, list nor write", "The bucket is private.")

    def versions(self) -> Finding:
        """What becomes of what was overwritten."""
        subject = "old versions"
        key, _ = self._stored(b"one")
        self._bucket.ask("put_object", Key=key, Body=b"two")
        listed = self._bucket.ask("list_object_versions", Prefix=key)
        if listed.status == 501:
            return well(subject, "this store knows none", "What is overwritten or deleted takes no space.")
        if listed.status >= 300:
            return note(subject, f"cannot be listed: {_said(listed)}", "If it keeps them, they are kept for ever.")
        if len(listed.body.get("Versions", ())) < 2:
            return well(subject, "are not kept", "What is overwritten or deleted takes no space.")
        rules = self._bucket.ask("get_bucket_lifecycle_configuration")
        ends = [rule for rule in rules.body.get("Rules", ()) if expires_old(rule, self._bucket.prefix)]
        if ends:
            days = min(rule["NoncurrentVersionExpiration"]["NoncurrentDays"] for rule in ends)
            return well(
                subject, f"are deleted after {_days(days)}", "They take little space, and a mistake can be undone."
            )
        if rules.status == 403:
            return note(
                subject, "are kept; this key may not see the rules", "Ask with the master key whether they end."
            )
        return note(
            subject,
            "are kept for ever",
            "scheduled.json is rewritten many times a day: run ./wa bucket init, or they grow without end.",
        )

    def reach(self) -> Finding:
        """Whether the key reaches beyond the prefix."""
        subject = "what else the key can reach"
        answer = self._bucket.ask("list_objects_v2", Prefix="", MaxKeys=1)
        if answer.status < 300:
            return note(
                subject,
                f"all of the bucket, not only {self._bucket.prefix}",
                "Whoever takes the server has all of it: limit the key to the prefix, ./wa bucket init says how.",
            )
        if answer.status not in REFUSED:
            return note(subject, f"could not be told ({_said(answer)})", "Run the check again.")
        return well(subject, f"nothing outside {self._bucket.prefix}", "A stolen key opens this account only.")

    def clear(self) -> None:
        """Delete what this round wrote, its old versions too where the store lets us."""
        whole = self._bucket.prefix + self._folder
        listed = self._bucket.ask("list_object_versions", Prefix=whole)
        for each in (*listed.body.get("Versions", ()), *listed.body.get("DeleteMarkers", ())):
            self._bucket.ask("delete_object", Key=each["Key"], VersionId=each["VersionId"])
        for entry in list(self._bucket.list(self._folder)):
            self._bucket.delete(entry.key)

    def _key(self) -> str:
        return f"{self._bucket.prefix}{self._folder}{next(self._numbers)}"

    def _stored(self, data: bytes) -> tuple[str, str]:
        key = self._key()
        return key, self._bucket.put(key.removeprefix(self._bucket.prefix), data)


def expires_old(rule: dict[str, Any], prefix: str) -> bool:
    """Whether this lifecycle rule ends old versions of all that begins with the prefix."""
    filtered = rule.get("Filter", {})
    covers = filtered.get("Prefix", rule.get("Prefix", ""))
    narrowed = set(filtered) - {"Prefix"}
    on = rule.get("Status") == "Enabled" and "NoncurrentDays" in rule.get("NoncurrentVersionExpiration", {})
    return on and not narrowed and prefix.startswith(covers)


def _listed_words(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _said(answer: Answer) -> str:
    return f"{answer.status} {answer.code}".strip()


def _days(days: int) -> str:
    return f"{days} day{'' if days == 1 else 's'}"


def _timed(subject: str, do: Callable[[], Any], clock: Clock) -> Finding:
    started = clock.monotonic()
    do()
    each = (clock.monotonic() - started) / OBJECTS * 1000
    slow = each > 1000
    means = "Each change takes that long to be confirmed." if slow else "A change is safe once this has returned."
    return (note if slow else well)(subject, f"{OBJECTS} objects, {each:.0f} ms each", means)


def _read(bucket: Bucket, names: list[str], data: bytes) -> Finding:
    if any(bucket.get(name).data != data for name in names):
        return wrong("read", "not what was written", "Do not use this store.")
    return well("read", "what was written, byte for byte", "Nothing is changed on the way.")


def _replaced(bucket: Bucket, name: str) -> Finding:
    old = 0
    for number in range(OBJECTS):
        bucket.put(name, b"%d" % number)
        old += bucket.get(name).data != b"%d" % number
    if old:
        return note("replace", f"old data came back {old} of {OBJECTS} times", "That delays, and loses nothing.")
    return well("replace", "the new data comes back at once", "The tick sees what the host has just written.")


def _listed(bucket: Bucket, folder: str, names: set[str], clock: Clock) -> Finding:
    started, never = clock.monotonic(), threading.Event()
    while {entry.key for entry in bucket.list(folder)} != names:
        if clock.monotonic() - started > LONGEST_LISTING:
            seen = f"not all are listed after {LONGEST_LISTING:.0f} s"
            return wrong("list", seen, "What people write would come late, or a cancel too late. Try again later.")
        clock.wait(never, 0.1)
    late = clock.monotonic() - started
    if late > 2:
        return note("list", f"complete after {late:.0f} s", "A change may take that long to be seen; nothing is lost.")
    return well("list", f"complete after {late * 1000:.0f} ms", "What people write is seen at once.")


def _deleted(bucket: Bucket, names: list[str]) -> Finding:
    try:
        for name in names:
            bucket.delete(name)
        left = [name for name, _ in bucket.get_all(names)]
    except StoreError as error:
        return wrong("delete", str(error), "What is not needed any more would stay for ever.")
    if left:
        return wrong(
            "delete", f"{len(left)} of {len(names)} are still there", "What is not needed would stay for ever."
        )
    return well("delete", "gone", "What is not needed any more takes no space.")
