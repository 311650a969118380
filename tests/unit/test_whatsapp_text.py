"""Texts of others as the page shows them: marked as WhatsApp does, and never markup of their own."""

import html
import re

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from shared.model.folding import fold, holds
from web.whatsapp_text import excerpt, formatted, highlighted, plain

TEXT = st.text(alphabet=st.sampled_from("ab Å*_~`<>&\"'\n/:.hts…"), max_size=60) | st.text(max_size=60)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*so* _it_ ~was~ ```x*y*```", "<strong>so</strong> <em>it</em> <s>was</s> <code>x*y*</code>"),
        ("*_both_*", "<strong><em>both</em></strong>"),
        ("2*3*4 snake_case_name", "2*3*4 snake_case_name"),
        ("* no*", "* no*"),
        ("*two\nlines*", "*two\nlines*"),
        ("<b>&\"'", "&lt;b&gt;&amp;&#34;&#39;"),
        ("javascript:alert(1)", "javascript:alert(1)"),
    ],
)
def test_marks_are_whatsapps(text: str, shown: str) -> None:
    assert formatted(text) == shown


@given(TEXT)
def test_an_excerpt_is_what_is_read_and_nothing_else(text: str) -> None:
    assert plain(text) == html.unescape(re.sub(r"<[^>]*>", "", str(formatted(text))))
    assert excerpt(text, 9) == plain(text)[:9]


def test_an_excerpt_of_a_long_text_ends_within_what_is_bold() -> None:
    assert excerpt(f"*{'so ' * 100}so* it is", 7) == "so so s"
    assert excerpt("*a* " * 2000, 5) == "a a a"


def test_words_are_marked_within_what_whatsapp_marks() -> None:
    shown = formatted("*Döner & tea* https://tea.example/x <tea> ```doner```", ("doner", "tea"))
    link = 'href="https://tea.example/x" rel="noopener noreferrer nofollow" target="_blank"'
    assert shown == (
        "<strong><mark>Döner</mark> &amp; <mark>tea</mark></strong> "
        f"<a {link}>https://<mark>tea</mark>.example/x</a> &lt;<mark>tea</mark>&gt; <code><mark>doner</mark></code>"
    )
    assert formatted("tea" + "x" * 4000, ("tea",)).startswith("<mark>tea</mark>x")


def test_a_link_leads_out_safely_and_ends_before_the_full_stop() -> None:
    found = BeautifulSoup(formatted('See https://tea.example/a_b_c?x=1&y="2. Now'), "html.parser").a
    assert found is not None
    assert found["href"] == "https://tea.example/a_b_c?x=1&y="
    assert found["rel"] == ["noopener", "noreferrer", "nofollow"]


@given(TEXT)
def test_nothing_but_our_own_tags_comes_out_and_no_word_is_lost(text: str) -> None:
    out = str(formatted(text))
    assert not re.sub(
        r'</?(strong|em|s|code)>|<a href="https?://[^"<>]*" rel="[a-z ]*" target="_blank">|</a>', "", out
    ).count("<")
    kept = re.sub(r"[*_~`]", "", html.unescape(re.sub(r"<[^>]*>", "", out)))
    assert kept == re.sub(r"[*_~`]", "", text)


@pytest.mark.parametrize("text", [" *x" * 1333, "*" * 4000, " ```" * 1000, "https://" * 500, "_*~" * 1333])
def test_a_text_that_is_hard_to_read_loses_nothing(text: str) -> None:
    assert re.sub(r"<[^>]*>|[*_~`]", "", str(formatted(text))) == re.sub(r"[*_~`]", "", text)


def test_a_very_long_text_is_shown_as_it_is_at_once() -> None:
    assert formatted("*so*" + "x" * 4000) == "*so*" + "x" * 4000


@given(TEXT, st.text(alphabet="ab Å<t", min_size=1, max_size=3))
def test_what_is_found_is_marked_as_it_was_written(text: str, typed: str) -> None:
    words = tuple(fold(typed).split())
    out = str(highlighted(text, words, around=1000))
    assert html.unescape(re.sub(r"</?mark>", "", out)) == text
    assert "<" not in re.sub(r"</?mark>", "", out)
    joined = all(word in fold(text).replace(" ", "") for word in words) if words else False
    marked = [fold(html.unescape(each)) for each in re.findall(r"<mark>(.*?)</mark>", out, flags=re.DOTALL)]
    if words and holds(text, words):
        assert joined
        assert marked


def test_a_long_text_is_cut_around_the_first_word() -> None:
    out = str(highlighted("x " * 500 + "Döner <b> & tea " + "y " * 500, ("doner", "tea")))
    assert out.startswith("…")
    assert out.endswith("…")
    assert "<mark>Döner</mark> &lt;b&gt; &amp; <mark>tea</mark>" in out
    assert len(out) < 500
