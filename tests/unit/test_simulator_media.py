"""The encryption of media files: it comes off again, and each thing that is wrong with a file is found."""

import hashlib
import hmac
import ssl
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import media, tls
from simulator.contents import Attachment
from simulator.facts import File
from simulator.files import Files
from simulator.media import MediaType, Unreadable

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def opened(sealed: media.Sealed, kind: MediaType = MediaType.IMAGE, **changes: bytes) -> bytes:
    given = {
        "data": sealed.data,
        "key": sealed.key,
        "sha256": sealed.sha256,
        "encrypted_sha256": sealed.encrypted_sha256,
        **changes,
    }
    return media.unseal(given["data"], kind, given["key"], given["sha256"], given["encrypted_sha256"])


@given(st.binary(max_size=200), st.sampled_from(MediaType))
def test_what_was_sealed_opens_again(plain: bytes, kind: MediaType) -> None:
    sealed = media.seal(plain, kind)
    assert opened(sealed, kind) == plain
    assert (sealed.size, sealed.sha256) == (len(plain), hashlib.sha256(plain).digest())
    assert sealed.encrypted_sha256 == hashlib.sha256(sealed.data).digest()


def test_the_mac_is_made_as_the_specification_says() -> None:
    sealed = media.seal(b"a file", MediaType.DOCUMENT)
    pseudo_random, info = hmac.digest(bytes(32), sealed.key, "sha256"), b"WhatsApp Document Keys"
    expanded, block = b"", b""
    for number in range(1, 5):
        block = hmac.digest(pseudo_random, block + info + bytes([number]), "sha256")
        expanded += block
    vector, mac_key = expanded[:16], expanded[48:80]
    assert sealed.data[-10:] == hmac.digest(mac_key, vector + sealed.data[:-10], "sha256")[:10]


def test_each_thing_that_is_wrong_is_found() -> None:
    sealed, other = media.seal(b"a file", MediaType.IMAGE), media.seal(b"another", MediaType.IMAGE)
    damaged = bytes([sealed.data[0] ^ 1]) + sealed.data[1:]
    with pytest.raises(Unreadable, match="another SHA-256 than its message says"):
        opened(sealed, data=damaged)
    with pytest.raises(Unreadable, match="MAC"):
        opened(sealed, data=damaged, encrypted_sha256=hashlib.sha256(damaged).digest())
    with pytest.raises(Unreadable, match="MAC"):
        opened(sealed, MediaType.VIDEO)
    with pytest.raises(Unreadable, match="MAC"):
        opened(sealed, key=other.key)
    with pytest.raises(Unreadable, match="31 bytes"):
        opened(sealed, key=sealed.key[1:])
    with pytest.raises(Unreadable, match="decrypted file has another SHA-256"):
        opened(sealed, sha256=other.sha256)


def test_files_are_kept_for_their_owner_only_and_found_by_path_and_hash(tmp_path: Path) -> None:
    files = Files(tmp_path / "media")
    sealed, path = files.upload(b"a file", MediaType.IMAGE)
    attachment = Attachment(MediaType.IMAGE, path, sealed.key, sealed.sha256, sealed.encrypted_sha256)
    file = files.download(attachment, File(mimetype="image/png"))
    assert file == File(mimetype="image/png", size=6, sha256=sealed.sha256.hex())
    assert (files.sealed(path), files.plain(sealed.sha256.hex())) == (sealed.data, b"a file")
    kept = [one for one in (tmp_path / "media").rglob("*") if one.is_file()]
    assert {stat.S_IMODE(one.stat().st_mode) for one in kept} == {0o600}
    files.forget_sealed(path)
    assert files.sealed(path) is None
    assert files.download(attachment, File()).problem == "The media server has no such file."


@pytest.mark.parametrize("path", ["/v/sim/../../secret", "/etc/passwd", "/v/sim/0123", "", "https://elsewhere/v"])
def test_a_path_leads_nowhere_else(tmp_path: Path, path: str) -> None:
    files = Files(tmp_path)
    files.forget_sealed(path)
    assert files.sealed(path) is None
    assert files.plain(path) is None


def test_the_media_authority_is_founded_once(tmp_path: Path) -> None:
    first, second = tls.authority(tmp_path, NOW), tls.authority(tmp_path, NOW)
    assert first.certificate == second.certificate
    assert isinstance(tls.context(second, tmp_path, NOW), ssl.SSLContext)
    assert {one.name: stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()} == {
        "media-ca.pem": 0o600,
        "media-ca.key": 0o600,
    }
