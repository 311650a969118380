"""Contacts as a table: what Google, Outlook and people's own spreadsheets export, with the columns guessed from the
header or from what stands below it; and a table that opens in a spreadsheet without running anything."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import NamedTuple

from shared.model import address
from shared.model.contact import Contact
from shared.model.folding import fold
from shared.model.values import Value
from web import texts
from web.contact_files import (
    LONGEST_VALUE,
    MOST_NUMBERS,
    MOST_PEOPLE,
    Raw,
    Refused,
    Trouble,
    clean,
    text_of,
    utf8,
)
from web.spreadsheet import defused, runs

MOST_COLUMNS = 500
_DELIMITERS = ",;\t"
_SAMPLE = 50
"""Rows that are looked at where no header says what is what."""

_NUMBER = re.compile(r"[+(]?\d[\d\s()./\u2010-\u2015\u00a0-]{5,30}")


class Column(NamedTuple):
    """What a column holds. of: what a phone is called, or which numbered phone a label belongs to."""

    kind: str
    of: str = ""


_HEADERS = {
    "name": "name|full name|display name|contact|contact name|anzeigename|nom complet|nome completo|"
    "nombre completo|naam",
    "first": "first name|given name|firstname|forename|vorname|prenom|nombre|nome|voornaam|imie|fornamn|fornavn",
    "middle": "middle name|additional name|zweiter vorname",
    "last": "last name|family name|lastname|surname|nachname|nom|apellidos?|cognome|sobrenome|achternaam|nazwisko|"
    "efternamn|efternavn|etternavn",
    "company": "company|organi[sz]ation|organization name|organization 1 - name|firma|entreprise|empresa|azienda",
    "alias": "nick ?name|alias|aliases|other names?|spitzname|surnom|apodo|soprannome",
    "tags": "tags?|labels?|groups?|group membership|category|categories|kategorien?|gruppen?|groupes?|etiquetas|"
    "grupos?|grupp[oi]",
    "notes": "notes?|comments?|notiz(en)?|remarques?|notas?|observaciones",
    "star": "favou?rite|starred|star|favorit|favori|favorito",
    "phone": "numbers?|nummer|numero|no|nr|tel|numer",
}
_HEADER = {kind: re.compile(headers) for kind, headers in _HEADERS.items()}
_PHONE = re.compile(
    "phone|phonenumber|telephone|telefon[oe]?|telefoon|mobile|mobil|mobiel|mobiltelefon|cell|cellphone|cellulare|"
    "handy|movil|celular|telemovel|portable|whatsapp|rufnummer|gsm|komorka|tlf"
)
_NO_PHONE = re.compile("fax|pager|tty|tdd|e|email|mail|extension|ext|country|type|label|yomi")
_GENERIC = re.compile(
    "phone|phonenumber|telephone|telefon[oe]?|telefoon|number|nummer|numero|rufnummer|primary|other|whatsapp|tlf|tel"
)
_LABELS = {
    "mobile": re.compile("mobile?|mobiel|mobiltelefon|cell|cellphone|cellulare|handy|movil|celular|portable"),
    "work": re.compile("business|geschaftlich|dienstlich|bureau|trabajo"),
    "home": re.compile("privat|domicile|casa"),
}


KINDS = ("name", "first", "middle", "last", "company", "phone", "alias", "tags", "notes", "star")
"""What a person may say that a column holds."""


class Shown(Value):
    """A column as its owner sees it: its header, what it is taken for (empty: it is left out), some of its cells."""

    name: str
    kind: str
    examples: tuple[str, ...] = ()


class Table(NamedTuple):
    """A table whose columns are understood: each of them, and the people in it."""

    columns: tuple[Shown, ...]
    found: Iterator[Raw | Trouble]


def read(data: bytes, chosen: Mapping[int, str] | None = None) -> Table:
    """The people in this table. Raises Refused where no column holds phone numbers, or it is too large.

    chosen: what a person has said that the columns hold, by their place; all others are guessed.
    """
    text = text_of(utf8(data))
    rows = _rows(text)
    first = list(islice(rows, _SAMPLE))
    sample = [row for _, row in first if not isinstance(row, Trouble)]
    if not sample:
        raise Refused(texts.EMPTY_FILE)
    names = [clean(name) for name in sample[0]]
    columns = [_of_header(name) for name in names]
    labelled = any(column and column.kind == "phone" for column in columns)
    if not labelled:
        columns, labelled = _of_content(sample)
    if not labelled:
        names = [texts.COLUMN.format(number=number) for number in range(1, len(columns) + 1)]
    columns = [_chosen(column, (chosen or {}).get(place)) for place, column in enumerate(columns)]
    if not any(column and column.kind == "phone" for column in columns):
        raise Refused(texts.CSV_CHOOSE_PHONE)
    below = sample[1:] if labelled else sample
    shown = tuple(
        Shown(name=_header_of(names, place), kind=column.kind if column else "", examples=_examples(below, place))
        for place, column in enumerate(columns)
    )
    body = (each for each in chain(first, rows) if not labelled or each[1] is not sample[0])
    return Table(shown, _people(body, columns))


def _chosen(guessed: Column | None, kind: str | None) -> Column | None:
    """What a person said, with what is known of it where that was the guess too; the labels of numbers stay theirs."""
    if kind is None or (guessed and kind == guessed.kind):
        return guessed
    return Column(kind) if kind in KINDS else None


def _header_of(names: Sequence[str], place: int) -> str:
    return (names[place] if place < len(names) else "") or texts.COLUMN.format(number=place + 1)


def _examples(rows: Sequence[Sequence[str]], place: int) -> tuple[str, ...]:
    cells = (clean(row[place])[:40] for row in rows if place < len(row))
    return tuple(islice(filter(None, cells), 2))


Rows = Iterator[tuple[int, list[str] | Trouble]]


def _rows(text: str) -> Rows:
    """Line number and cells of each row that is not empty. Raises Refused."""
    source = io.StringIO(text, newline="")
    delimiter = _delimiter(text)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    count = 0
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, Trouble(line, _csv_reason(error))
            continue
        if not any(cell.strip() for cell in row) or (line == 1 and re.fullmatch("sep=.?", delimiter.join(row))):
            continue
        count += 1
        if count > MOST_PEOPLE + 1:
            raise Refused(texts.TOO_MANY_PEOPLE.format(most=MOST_PEOPLE))
        if len(row) > MOST_COLUMNS or sum(map(len, row)) > 10 * LONGEST_VALUE:
            yield line, Trouble(line, texts.CSV_LONG_ROW)
            continue
        yield line, row


def _csv_reason(error: csv.Error) -> str:
    said = str(error)
    if "end of data" in said or "field limit" in said or "field larger" in said:
        return texts.CSV_OPEN_QUOTE
    return texts.CSV_BAD_QUOTE


def _delimiter(text: str) -> str:
    """What `sep=` says, else what stands oftenest outside quotes in the first line that has any."""
    for line in text[:100_000].splitlines()[:20]:
        if found := re.fullmatch(r"sep=([,;\t])", line.strip("\ufeff \r\n")):
            return found[1]
        counts = Counter(each for each in re.sub(r'"[^"]*"', "", line) if each in _DELIMITERS)
        if counts:
            return counts.most_common(1)[0][0]
    return ","


def _of_header(header: str) -> Column | None:
    name = fold(header.strip("* "))
    if found := re.fullmatch(r"phone (\d+) - (value|type|label)", name):
        return Column("phone", found[1]) if found[2] == "value" else Column("label", found[1])
    if kind := next((kind for kind, headers in _HEADER.items() if headers.fullmatch(name)), None):
        return Column(kind)
    words = re.findall(r"[^\W\d_]+", name)
    if not any(map(_PHONE.fullmatch, words)) or any(map(_NO_PHONE.fullmatch, words)):
        return None
    return Column("phone", " ".join(map(_label, (word for word in words if not _GENERIC.fullmatch(word)))))


def _label(word: str) -> str:
    return next((label for label, words in _LABELS.items() if words.fullmatch(word)), word)


def _of_content(rows: Sequence[Sequence[str]]) -> tuple[list[Column | None], bool]:
    """The columns by what stands in them, and whether the first row is a header. Raises Refused."""
    width = max(map(len, rows))
    cells = [[clean(row[place]) if place < len(row) else "" for row in rows] for place in range(width)]
    columns: list[Column | None] = [None] * width
    for place, column in enumerate(cells):
        filled = [cell for cell in column if cell]
        if filled and sum(bool(_NUMBER.fullmatch(cell)) for cell in filled) * 10 >= 6 * len(filled):
            columns[place] = Column("phone")
    phones = [place for place, column in enumerate(columns) if column]
    if not phones:
        raise Refused(
            texts.CSV_NO_PHONE.format(columns=", ".join(f"“{cells[place][0][:30]}”" for place in range(min(width, 12))))
        )
    texts_ = [
        place
        for place in range(width)
        if place not in phones and any(any(map(str.isalpha, each)) for each in cells[place])
    ]
    if texts_:
        columns[texts_[0]] = Column("name")
    return columns, not any(_NUMBER.fullmatch(cells[place][0]) for place in phones)


def _people(rows: Rows, columns: Sequence[Column | None]) -> Iterator[Raw | Trouble]:
    for line, row in rows:
        if isinstance(row, Trouble):
            yield row
            continue
        found: dict[str, list[str]] = {}
        numbered: dict[str, str] = {}
        phones: list[tuple[str, str]] = []
        for column, raw in zip(columns, row, strict=False):
            cell = _armless(raw)
            if column is None or not cell.strip():
                continue
            if column.kind == "label":
                numbered[column.of] = clean(cell).strip("* ").lower()
            elif column.kind == "phone":
                phones += [(clean(each), column.of) for each in _several(cell) if clean(each)]
            else:
                found.setdefault(column.kind, []).append(cell)
        if not found and not phones:
            continue
        who = _name(found)
        if len(phones) > MOST_NUMBERS:
            yield Trouble(line, texts.MANY_NUMBERS.format(count=len(phones), most=MOST_NUMBERS), who)
            continue
        labels = [tag.strip("* ") for cell in found.get("tags", []) for tag in re.split(r" ::: |[,;\n]", cell)]
        numbers = [(typed, numbered.get(of, "") if of.isdigit() else of) for typed, of in phones]
        yield Raw(
            line=line,
            name=who,
            numbers=tuple(sorted(numbers, key=lambda each: each[1] not in ("mobile", "whatsapp"))),
            aliases=tuple(
                clean(each) for cell in found.get("alias", []) for each in re.split(r"[,;\n]", cell) if clean(each)
            ),
            tags=tuple(clean(tag) for tag in labels if clean(tag) and tag.lower() not in _OWN_GROUPS),
            notes=clean("\n".join(found.get("notes", [])), lines=True),
            favourite="starred" in labels or any(_YES.fullmatch(fold(each)) for each in found.get("star", [])),
        )


_OWN_GROUPS = frozenset({"mycontacts", "my contacts", "starred", "other contacts"})
"""What Google puts nearly everybody in."""
_YES = re.compile(r"y|yes|true|1|x|ja|oui|si|sim|\*")


def _name(found: dict[str, list[str]]) -> str:
    whole = clean(" ".join(found.get("name", [])))
    parts = clean(" ".join(each for kind in ("first", "middle", "last") for each in found.get(kind, [])))
    return whole or parts or clean(" ".join(found.get("company", [])))


def _several(cell: str) -> list[str]:
    """The numbers in one cell: Google writes " ::: " between them, people a semicolon, a comma or a new line."""
    return re.split(r" ::: |[;,\n|]", cell)


HEAD = ("Name", "Other names", "Tags", "Notes", "Favourite")


def print_table(contacts: Sequence[Contact]) -> Iterator[bytes]:
    """These people as CSV in UTF-8, a row at a time; the phones are named as Google names them.

    What a spreadsheet would run as a formula gets a quote before it, which `read` takes away again.
    """
    yield b"\xef\xbb\xbf"  # else Excel reads it as the code page of the country
    most = max((len(contact.phones) for contact in contacts), default=0)
    phones = [f"Phone {number} - {what}" for number in range(1, most + 1) for what in ("Label", "Value")]
    yield _row([*HEAD, *phones])
    for contact in contacts:
        numbers = [
            cell for phone in contact.phones for cell in (_harmless(phone.label or ""), address.pretty(phone.number))
        ]
        texts_ = [contact.name, ", ".join(contact.aliases), ", ".join(contact.tags), contact.notes]
        yield _row([*map(_harmless, texts_), "yes" if contact.favourite else "", *numbers])


def _row(cells: Iterable[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().encode("utf-8", "replace")


def _harmless(cell: str) -> str:
    """
    >>> _harmless("=HYPERLINK(1)"), _harmless("Alice"), _harmless("'s")
    ("'=HYPERLINK(1)", 'Alice', "''s")
    """
    return f"'{cell}" if cell.startswith("'") else defused(cell)


def _armless(cell: str) -> str:
    """What `_harmless` made this of."""
    return cell[1:] if cell.startswith("'") and (runs(cell[1:]) or cell[1:2] == "'") else cell
