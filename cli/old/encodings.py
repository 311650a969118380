"""Broken encodings: text that was read in the wrong encoding once, put right where that is certain and nowhere else."""

from typing import NamedTuple

import ftfy
from ftfy.badness import is_bad

_ONLY_WHOLE = ftfy.TextFixerConfig(
    unescape_html=False,
    remove_terminal_escapes=False,
    restore_byte_a0=False,
    replace_lossy_sequences=False,
    decode_inconsistent_utf8=False,
    fix_c1_controls=False,
    normalization=None,
)
"""Only what the whole text, read back byte for byte, proves: no guess at lost bytes, and no other change."""

_MISREAD_AS = ("latin-1", "sloppy-windows-1252")
"""The encodings in which UTF-8 is misread on ordinary machines; others are a guess."""


class Mended(NamedTuple):
    """The text to keep. changed: it was put right; doubtful: it looks broken, and was left as it is."""

    text: str
    changed: bool = False
    doubtful: bool = False


def mend(text: str) -> Mended:
    """UTF-8 that was read as Windows-1252 or Latin-1, once or several times, put right; anything else unchanged.

    >>> mend("GrÃ¼ÃŸe").text
    'Grüße'
    """
    if text.isascii() or not is_bad(text):
        return Mended(text)
    fixed, steps = ftfy.fix_encoding_and_explain(text, _ONLY_WHOLE)
    read_as = [encoding for action, encoding in steps or () if action == "encode"]
    if fixed == text or not _is_text(fixed) or _read_back(text, read_as) != fixed:
        return Mended(text, doubtful=True)
    return Mended(fixed, changed=True)


def _read_back(text: str, read_as: list[str]) -> str | None:
    """The text once each misreading is undone, byte for byte; None where that cannot be."""
    for encoding in read_as:
        if encoding not in _MISREAD_AS:
            return None
        try:
            text = text.encode(encoding).decode("utf-8")
        except UnicodeError:
            return None
    return text


def _is_text(text: str) -> bool:
    return not any(character < " " and character not in "\t\n\r" for character in text)


class Mender:
    """Mends one text after another and counts the records in which something was mended, or left in doubt."""

    def __init__(self) -> None:
        self.changed = 0
        self.doubtful = 0

    def texts(self, *texts: str | None) -> tuple[str | None, ...]:
        """The texts of one record."""
        done = [None if text is None else mend(text) for text in texts]
        self.changed += any(each.changed for each in done if each)
        self.doubtful += any(each.doubtful for each in done if each)
        return tuple(each.text if each else None for each in done)
