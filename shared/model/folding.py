"""Text as it is compared when people search: without case, accents and invisible characters."""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

_PLAIN = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"})
"""Letters that Unicode does not take apart into a letter and an accent."""

_UNSEEN = ("Mn", "Cf", "Cc")


def fold(text: str) -> str:
    """Text as it is compared: without case, accents and invisible characters, single spaces.

    >>> fold("  Dóra   ØDEGÅRD ")
    'dora odegard'
    """
    if text.isascii() and (plain := " ".join(text.lower().split())).isprintable():
        return plain
    return " ".join(_plain(text).split())


@lru_cache(maxsize=2000)
def fold_letter(letter: str) -> str:
    """What one character becomes: a few, none, or a space."""
    folded = _plain(letter)
    return " " if folded.isspace() else folded


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold().translate(_PLAIN))
    return "".join(letter for letter in plain if letter.isspace() or unicodedata.category(letter) not in _UNSEEN)


def holds(text: str, words: Sequence[str]) -> bool:
    """Whether each of these words, folded already, occurs somewhere in a text."""
    folded = fold(text)
    return all(word in folded for word in words)
