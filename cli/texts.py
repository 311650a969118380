"""`wa texts`: every text of the page into the catalogue, and every language brought up to it.

Babel is a developer's: what runs reads the compiled catalogues by Python's own gettext (web/language.py).
"""

import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, NamedTuple

import click

from cli import ROOT
from web.language import DOMAIN, LOCALE

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog, Message

WIDTH = 110

KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "counted": (1, 2),
    "said": None,
}
"""What marks a text, and which of its arguments are the text; `said` marks what shared/ and the session host say."""
SOURCES = (
    ("web", "**/*.py", "python", frozenset(KEYWORDS) - {"said"}),
    ("web", "templates/**/*.html", "jinja2", frozenset(KEYWORDS) - {"said"}),
    ("shared", "**/*.py", "python", frozenset({"said"})),
    ("session_host", "**/*.py", "python", frozenset({"said"})),
)
TEMPLATES = {"trimmed": "true", "newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true"}
"""As web.language and web.rendering set Jinja up."""


class Standing(NamedTuple):
    """How far a language is: how many texts there are, how many are translated, and how many only by guess."""

    language: str
    texts: int
    translated: int
    fuzzy: int

    def __str__(self) -> str:
        missing = self.texts - self.translated - self.fuzzy
        done = f"{self.translated:,} of {self.texts:,} translated"
        return f"{self.language}: {done}, {self.fuzzy:,} fuzzy, {missing:,} missing"


@click.command()
@click.option("--language", metavar="CODE", help="Begin with another language, like de or pt_BR.")
def command(language: str | None) -> None:
    """Collect the page's texts, and bring every language up to date.

    Writes web/locale/page.pot, merges it into each language's page.po and compiles that to page.mo. A translation that
    lacks a placeholder is refused. docs/translating.md says how to translate.
    """
    if language:
        _begin(language)
    catalog = collect()
    (LOCALE / f"{DOMAIN}.pot").write_bytes(written(catalog))
    click.echo(f"{len(catalog):,} texts in {(LOCALE / f'{DOMAIN}.pot').relative_to(ROOT)}")
    wrong: list[str] = []
    for path in sorted(LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        standing, refused = bring_up(path, catalog)
        click.echo(str(standing))
        wrong += refused
    if wrong:
        raise click.ClickException("\n".join(["These translations cannot be used:", *wrong]))


def collect() -> "Catalog":
    """Every text there is, sorted; the same for the same code on every machine."""
    from babel.messages.catalog import Catalog
    from babel.messages.extract import extract

    catalog = Catalog(charset="utf-8", fuzzy=False)
    catalog.header_comment = "# The texts of the page, collected by `./wa texts`."
    for folder, pattern, method, marks in SOURCES:
        keywords = {name: spec for name, spec in KEYWORDS.items() if name in marks}
        for path in sorted((ROOT / folder).glob(pattern)):
            name = str(path.relative_to(ROOT))
            options = TEMPLATES if method == "jinja2" else {}
            extractor = "jinja2.ext:babel_extract" if method == "jinja2" else method
            found = extract(extractor, io.BytesIO(path.read_bytes()), keywords, ("Translators:",), options)
            for _line, text, comments, context in found:
                catalog.add(text, None, [(name, 0)], auto_comments=comments, context=context)
    return catalog


def written(catalog: "Catalog") -> bytes:
    """The catalogue as a file: sorted, without dates, line numbers or anybody's name."""
    from babel.messages.pofile import write_po

    file = io.BytesIO()
    write_po(file, catalog, width=WIDTH, sort_output=True, include_lineno=False, ignore_obsolete=True)
    dated = re.compile(
        rb'^"(?:Project-Id-Version|POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Report-Msgid-Bugs-To|Generated-By)'
        rb'.*\\n"\n',
        re.MULTILINE,
    )
    return dated.sub(b"", file.getvalue())


def bring_up(path: Path, catalog: "Catalog") -> tuple[Standing, list[str]]:
    """Merge the texts into a language's file and compile it; what cannot be used is told, and nothing is compiled."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    language = path.parent.parent.name
    with path.open("rb") as file:
        translated = read_po(file, locale=language, domain=DOMAIN)
    translated.update(catalog, update_header_comment=False)
    path.write_bytes(written(translated))
    refused = [f"{language}: {each}" for each in mistakes(translated)]
    if not refused:
        with path.with_suffix(".mo").open("wb") as file:
            write_mo(file, translated)
    messages = [each for each in translated if each.id]
    done = sum(bool(_strings(each)) and not each.fuzzy for each in messages)
    fuzzy = sum(each.fuzzy for each in messages)
    return Standing(language, len(messages), done, fuzzy), refused


def mistakes(catalog: "Catalog") -> Iterator[str]:
    """Which translations lack a placeholder, have one that is unknown, or break a format, a line for each."""
    for message in catalog:
        if not message.id or message.fuzzy or not _strings(message):
            continue
        for error in message.check(catalog):
            yield f"“{_first(message)}”: {error}"
        yield from (f"“{_first(message)}”: {error}" for error in _lacking(message))


def _lacking(message: "Message") -> Iterator[str]:
    """A form for one thing may leave out the number; all else that is filled in must stand in each form."""
    fields = [_fields(each) for each in _ids(message)]
    needed, known = frozenset.intersection(*fields), frozenset.union(*fields)
    for string in _strings(message):
        try:
            used = _fields(string)
        except ValueError as error:
            yield f"“{string}” is no format: {error}"
            continue
        if lost := needed - used:
            yield f"“{string}” lacks {', '.join(sorted(lost))}"
        if strange := used - known:
            yield f"“{string}” has {', '.join(sorted(strange))}, which is not filled in"


def _fields(text: str) -> frozenset[str]:
    """The names in its braces and its %(…)s."""
    braced = {f"{{{name}}}" for _, name, _, _ in Formatter().parse(text) if name} if "%(" not in text else set()
    return frozenset(braced | set(re.findall(r"%\(\w+\)[a-z]", text)))


def _ids(message: "Message") -> Sequence[str]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def _strings(message: "Message") -> Sequence[str]:
    found = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
    return tuple(filter(None, found))


def _first(message: "Message") -> str:
    return _ids(message)[0]


def _begin(language: str) -> None:
    from babel import Locale, UnknownLocaleError
    from babel.messages.catalog import Catalog

    try:
        Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        raise click.ClickException(f"'{language}' is no language that is known: write it like de or pt_BR.") from None
    path = LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    if path.exists():
        raise click.ClickException(f"{path.relative_to(ROOT)} is there already: translate what is missing in it.")
    path.parent.mkdir(parents=True)
    begun = Catalog(locale=language, domain=DOMAIN, fuzzy=False)
    begun.header_comment = "# The texts of the page. docs/translating.md says how to translate them."
    path.write_bytes(written(begun))
