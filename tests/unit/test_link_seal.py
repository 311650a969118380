"""What a backup is: only who has the identity can read it, and nothing else passes for one."""

import json
import zlib
from typing import Any

import pyrage
import pytest

from session_host import link_seal
from session_host.link_seal import MOST_BYTES, Manifest, SealError, digest
from tests.builders import NOW
from tests.cast import OWNER

IDENTITY = pyrage.x25519.Identity.generate()
RECIPIENT, SECRET = str(IDENTITY.to_public()), str(IDENTITY)
DATABASE = b"SQLite format 3\0" + bytes(range(256)) * 400
NAME = "backup/link/20261122T120000Z-host-1.age"


def manifest(**changes: Any) -> Manifest:
    known: dict[str, Any] = {
        "taken_at": NOW,
        "host": "host-1",
        "epoch": 3,
        "library": "0.5.2",
        "number": OWNER.number,
        "size": len(DATABASE),
        "sha256": digest(DATABASE),
    }
    return Manifest(**(known | changes))


def sealed_by_hand(head: bytes, packed: bytes) -> bytes:
    """What somebody else might encrypt to the same recipient."""
    return bytes(pyrage.encrypt(head + b"\n" + packed, [pyrage.x25519.Recipient.from_str(RECIPIENT)]))


def head(**changes: Any) -> bytes:
    return json.dumps({"version": 1, **manifest().as_json(), **changes}).encode()


def refused(sealed: bytes, identity: str = SECRET) -> str:
    with pytest.raises(SealError) as raised:
        link_seal.unseal(sealed, identity, NAME)
    assert NAME in str(raised.value)
    return str(raised.value)


def test_what_was_sealed_is_unsealed() -> None:
    assert link_seal.unseal(link_seal.seal(DATABASE, manifest(), RECIPIENT), SECRET, NAME) == (manifest(), DATABASE)


def test_nothing_of_it_can_be_read_without_the_identity() -> None:
    sealed = link_seal.seal(DATABASE, manifest(), RECIPIENT)
    assert OWNER.number.encode() not in sealed
    assert b"SQLite" not in sealed
    assert "another key" in refused(sealed, str(pyrage.x25519.Identity.generate()))


@pytest.mark.parametrize("size", [0, 10, 100, 180, 250, -1])
def test_one_that_was_cut_short_is_refused(size: int) -> None:
    refused(link_seal.seal(DATABASE, manifest(), RECIPIENT)[:size])


@pytest.mark.parametrize("at", [0, 30, 80, 150, 190, -1, -30])
def test_one_with_a_flipped_bit_is_refused(at: int) -> None:
    damaged = bytearray(link_seal.seal(DATABASE, manifest(), RECIPIENT))
    damaged[at] ^= 1
    refused(bytes(damaged))


def test_garbage_is_refused() -> None:
    refused(b"garbage" * 100)


@pytest.mark.parametrize(
    ("beginning", "said"),
    [
        (b"", "does not begin with a manifest"),
        (b"[]", "does not begin with a manifest"),
        (b"{", "no valid JSON"),
        (b'{"host": "host-1"}', "no version"),
        (head(version=2), "newer"),
        (head(size=0), "size"),
        (head(size=MOST_BYTES + 1), "size"),
        (head(sha256="../../etc/passwd"), "sha256"),
        (b"{" + b" " * 20_000 + b"}", "does not begin with a manifest"),
        (b"\x1f\x8b" + zlib.compress(b"0" * 10_000_000), "does not begin with a manifest"),
    ],
)
def test_a_manifest_that_is_none_is_refused(beginning: bytes, said: str) -> None:
    assert said in refused(sealed_by_hand(beginning, zlib.compress(DATABASE)))


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"not packed",
        zlib.compress(DATABASE)[:-20],
        zlib.compress(DATABASE + b"x"),
        zlib.compress(DATABASE[:-1]),
        zlib.compress(bytes(len(DATABASE))),
        zlib.compress(bytes(200_000_000), 9),
    ],
    ids=["empty", "no zlib", "cut short", "longer", "shorter", "another content", "bomb"],
)
def test_a_content_that_is_not_what_the_manifest_says_is_refused(packed: bytes) -> None:
    assert "not what its manifest says" in refused(sealed_by_hand(head(), packed))


def test_a_field_of_a_later_version_does_no_harm() -> None:
    found, _ = link_seal.unseal(sealed_by_hand(head(colour="green"), zlib.compress(DATABASE)), SECRET, NAME)
    assert found.host == "host-1"


@pytest.mark.parametrize("recipient", ["", "age1" + "q" * 58, RECIPIENT[:-1]], ids=["none", "invented", "cut short"])
def test_to_a_recipient_that_is_none_nothing_is_sealed(recipient: str) -> None:
    with pytest.raises(SealError, match="LINK_BACKUP_RECIPIENT"):
        link_seal.seal(DATABASE, manifest(), recipient)


@pytest.fixture(scope="module")
def made() -> tuple[bytes, str]:
    return link_seal.new_identity("six words that nobody guesses")


class TestIdentityFile:
    def test_it_opens_what_was_sealed_to_its_recipient(self, made: tuple[bytes, str]) -> None:
        file, recipient = made
        assert link_seal.needs_passphrase(file)
        identity = link_seal.identity(file, "six words that nobody guesses")
        sealed = link_seal.seal(DATABASE, manifest(), recipient)
        assert link_seal.unseal(sealed, identity, NAME)[1] == DATABASE
        assert identity.encode() not in file

    @pytest.mark.parametrize("passphrase", ["", "six words that nobody guesse", None])
    def test_a_wrong_passphrase_is_said(self, made: tuple[bytes, str], passphrase: str | None) -> None:
        with pytest.raises(SealError, match="not the passphrase"):
            link_seal.identity(made[0], passphrase)

    def test_a_damaged_one_is_said(self, made: tuple[bytes, str]) -> None:
        with pytest.raises(SealError, match="cannot be opened"):
            link_seal.identity(made[0][:-80], "six words that nobody guesses")

    @pytest.mark.parametrize(("refusals", "opened"), [(2, True), (99, False)])
    def test_a_machine_that_is_busy_while_age_measures_it_tries_again(
        self, made: tuple[bytes, str], monkeypatch: pytest.MonkeyPatch, refusals: int, opened: bool
    ) -> None:
        decrypt, tries = pyrage.passphrase.decrypt, []

        def measured(file: bytes, passphrase: str) -> bytes:
            tries.append(file)
            if len(tries) <= refusals:
                raise pyrage.DecryptError("Excessive work parameter for passphrase.")
            return bytes(decrypt(file, passphrase))

        monkeypatch.setattr(pyrage.passphrase, "decrypt", measured)
        monkeypatch.setattr(link_seal, "BUSY_PAUSES", (0.0, 0.0))
        if opened:
            assert link_seal.identity(made[0], "six words that nobody guesses").startswith("AGE-SECRET-KEY-1")
        else:
            with pytest.raises(SealError, match="too busy"):
                link_seal.identity(made[0], "six words that nobody guesses")
        assert len(tries) == 3

    def test_ages_own_plain_file_is_good_too(self) -> None:
        file = f"# created: 2026-11-22\n# public key: {RECIPIENT}\n{SECRET}\n".encode()
        assert not link_seal.needs_passphrase(file)
        assert link_seal.identity(file, None) == SECRET

    @pytest.mark.parametrize(
        "file",
        [b"", b"\xff\xfe", b"AGE-SECRET-KEY-1XYZ\n", RECIPIENT.encode()],
        ids=["empty", "no text", "cut short", "a recipient"],
    )
    def test_any_other_file_is_refused(self, file: bytes) -> None:
        with pytest.raises(SealError, match="no age identity"):
            link_seal.identity(file, None)
