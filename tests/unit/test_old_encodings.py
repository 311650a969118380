"""Broken encodings: what is certain is put right, what is not stays, and what was never broken is never touched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.old.encodings import Mended, Mender, mend
from tests.cast import DORA, EVE
from tests.old_system import misread

WAVE = "\u00f0\u0178\u2018\u2039"
"""A waving hand, read as Windows-1252."""

CODECS = ("latin-1", "sloppy-windows-1252")


@pytest.mark.parametrize(
    ("broken", "right"),
    [
        ("GrÃ¼ÃŸe", "Grüße"),
        (WAVE, "👋"),
        (misread(DORA.name), DORA.name),
        (misread("привет, добрый день"), "привет, добрый день"),
        (misread("السلام عليكم"), "السلام عليكم"),
        (misread("안녕하세요"), "안녕하세요"),
        (misread(misread("über")), "über"),
        (misread("it’s 10 €"), "it’s 10 €"),
        (misread("Tea?\r\n\t🙂"), "Tea?\r\n\t🙂"),
    ],
)
def test_what_was_misread_is_put_right(broken: str, right: str) -> None:
    assert mend(broken) == Mended(right, changed=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Tea?",
        "Grüße 👋",
        DORA.name,
        EVE.name,
        "São Paulo",
        "ÀÉÎ",
        "naïve café à la carte",
        "&amp; &lt;b&gt;",
        "ﬁnally “quoted” …",
        "\uff37\uff49\uff44\uff45",
        "мама мыла раму",
        "שלום",
        "e\u0301",
        "\u202ereversed\u202c",
        "a\u0000b",
        "10 × 5 °C ± ½",
    ],
)
def test_what_is_right_stays_as_it_is(text: str) -> None:
    assert mend(text) == Mended(text)


@pytest.mark.parametrize(
    "text", [f"cafÃ© {WAVE} and a whole 👋", f"voilÃ  le thÃ© {WAVE}", WAVE + " cut short " + WAVE[:-1]]
)
def test_what_no_reading_of_all_of_it_proves_is_left_and_said(text: str) -> None:
    assert mend(text) == Mended(text, doubtful=True)


@pytest.mark.parametrize("codec", ["windows-1251", "mac_roman", "cp437", "windows-1250"])
def test_a_rarer_misreading_is_a_guess_and_stays(codec: str) -> None:
    text = "привет, друзья".encode().decode(codec, "replace")
    assert mend(text)._replace(doubtful=False) == Mended(text)


words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


@given(words | words.map(misread) | st.text(f"ÃÂâ€™¼Ÿ{WAVE}éab 👋", max_size=12))
def test_a_mended_text_is_the_one_that_was_misread_and_nothing_else(text: str) -> None:
    mended = mend(text)
    assert mended.changed == (mended.text != text)
    reached, found = {mended.text}, {mended.text}
    for _ in range(4):
        reached = {each.encode().decode(codec, "replace") for each in reached for codec in CODECS}
        found |= reached
    assert text in found


def test_each_record_counts_once() -> None:
    mender = Mender()
    assert mender.texts("GrÃ¼ÃŸe", None, WAVE) == ("Grüße", None, "👋")
    assert mender.texts("Tea?") == ("Tea?",)
    assert mender.texts(f"cafÃ© {WAVE} 👋") == (f"cafÃ© {WAVE} 👋",)
    assert (mender.changed, mender.doubtful) == (1, 1)
