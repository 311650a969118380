"""A message's text as WhatsApp shows it, and what was searched for marked in it. Everything is escaped first. Pure."""

import re
from collections.abc import Iterator, Sequence

from markupsafe import Markup, escape

from shared.model.folding import fold_letter

MOST = 4_000
"""Characters; a longer text is shown without bold and links, so that no text takes long to show."""
_SPAN = 400
"""Characters that may be bold at once."""

_TAGS = {"*": Markup("<strong>{}</strong>"), "_": Markup("<em>{}</em>"), "~": Markup("<s>{}</s>")}
_SPACES = str.maketrans("\t\n\r", "   ")
_MARKED = re.compile(
    rf"```(?P<code>[^`]{{1,{_SPAN}}})```"
    r"|(?P<link>https?://[^\s<>\"'\u201c\u201d]{1,500}[^\s<>\"'\u201c\u201d.,:;!?)\]])"
    rf"|(?<![^\W_])(?P<mark>[*_~])(?=\S)(?P<inner>[^\n]{{0,{_SPAN}}}?\S)(?P=mark)(?![^\W_])"
)


def formatted(text: str, words: Sequence[str] = ()) -> Markup:
    """With *bold*, _italic_, ~struck~, ```code``` and links; every one of these folded words in <mark>.

    >>> formatted("*so* <b>")
    Markup('<strong>so</strong> &lt;b&gt;')
    """
    return _marked(text, words) if len(text) > MOST else Markup("").join(_pieces(text, words))


def _pieces(text: str, words: Sequence[str]) -> Iterator[Markup]:
    at = 0
    for found in _MARKED.finditer(text):
        yield _marked(text[at : found.start()], words)
        at = found.end()
        if found["code"]:
            yield Markup("<code>{}</code>").format(_marked(found["code"], words))
        elif link := found["link"]:
            shown = _marked(link, words)
            yield Markup('<a href="{}" rel="noopener noreferrer nofollow" target="_blank">{}</a>').format(link, shown)
        else:
            yield _TAGS[found["mark"]].format(Markup("").join(_pieces(found["inner"], words)))
    yield _marked(text[at:], words)


def _marked(text: str, words: Sequence[str]) -> Markup:
    return highlighted(text, words, around=len(text)) if words else escape(text)


def highlighted(text: str, words: Sequence[str], around: int = 80) -> Markup:
    """The part of the text around the first of these folded words, with every one of them in <mark>.

    >>> highlighted("Tea & Döner", ("doner",))
    Markup('Tea &amp; <mark>Döner</mark>')
    """
    found = _spans(text, words)
    first = found[0][0] if found else 0
    begin = max(0, first - around)
    end = min(len(text), first + 3 * around)
    pieces, at = [Markup("…") if begin else Markup("")], begin
    for start, stop in found:
        if start >= end:
            break
        pieces += [escape(text[at:start]), Markup("<mark>{}</mark>").format(text[start : min(stop, end)])]
        at = min(stop, end)
    return Markup("").join([*pieces, escape(text[at:end]), Markup("…") if end < len(text) else Markup("")])


def _spans(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Where these words stand in the text as it was written, in order and without overlaps."""
    hay, places = _folded(text)
    marked: set[int] = set()
    for word in words:
        at = hay.find(word) if word else -1
        while at >= 0:
            marked.update(range(places[at], places[at + len(word) - 1] + 1))
            at = hay.find(word, at + len(word))
    return _runs(sorted(marked))


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """The text as it is compared, and of each of its letters the place in the text as it was written."""
    if text.isascii() and (plain := text.lower().translate(_SPACES)).isprintable():
        return plain, range(len(plain))
    folded: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        for each in fold_letter(letter):
            folded.append(each)
            places.append(place)
    return "".join(folded), places


def _runs(places: Sequence[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for place in places:
        if runs and runs[-1][1] == place:
            runs[-1] = (runs[-1][0], place + 1)
        else:
            runs.append((place, place + 1))
    return runs
