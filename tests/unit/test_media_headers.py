"""What a file's header says, and that a damaged or lying one does no harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model import media_headers
from shared.model.media_headers import Facts
from tests.cast_media import MP3, PDF, jpeg, mp4, opus, png


@pytest.mark.parametrize(
    ("data", "mime", "facts"),
    [
        (png(30, 20), "image/png", Facts(30, 20)),
        (jpeg(640, 480), "image/jpeg", Facts(640, 480)),
        (opus(2.5), "audio/ogg", Facts(seconds=3)),
        (mp4(), "video/mp4", Facts()),
        (PDF, "application/pdf", Facts()),
        (MP3, "audio/mpeg", Facts()),
        (b"<html>", None, Facts()),
        (b"", None, Facts()),
    ],
)
def test_type_and_facts(data: bytes, mime: str | None, facts: Facts) -> None:
    assert (media_headers.mime(data), media_headers.facts(data)) == (mime, facts)


@pytest.mark.parametrize(
    ("data", "declared", "fits"),
    [
        (png(), "image/png", True),
        (png(), "image/jpeg", False),
        (b"<svg onload=x>", "image/png", False),
        (b"anything", "application/octet-stream", True),
        (b"MZ", "application/pdf", True),
        (mp4(), "audio/mp4", True),
        (opus(), "audio/ogg; codecs=opus", True),
        (b"\xff\xfb\x90", "audio/mpeg", True),
    ],
)
def test_a_picture_a_film_and_a_sound_must_look_like_what_they_are_called(
    data: bytes, declared: str, fits: bool
) -> None:
    assert media_headers.fits(data, declared) is fits


@given(st.sampled_from([png(), jpeg(), opus()]), st.integers(0, 200), st.binary(max_size=12))
def test_a_damaged_file_says_something_possible_or_nothing(data: bytes, at: int, damage: bytes) -> None:
    facts = media_headers.facts(data[:at] + damage)
    assert all(value is None or 0 < value <= 100_000 for value in facts)
