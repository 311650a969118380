"""The page's scripts say nothing of their own: what a person reads stands in an attribute, in the page's language."""

import re
from pathlib import Path

import pytest

import web

FOLDER = Path(web.__file__).parent
SCRIPTS = sorted((FOLDER / "static" / "js").glob("*.js"))
TEMPLATES = "\n".join(path.read_text(encoding="utf-8") for path in sorted((FOLDER / "templates").rglob("*.html")))

COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`])//[^\n]*", re.DOTALL)
LITERAL = re.compile(r'"([^"\n]*)"|\'([^\'\n]*)\'|`([^`]*)`')
SELECTOR = re.compile(r"[#\[>=]|(?:^|\s)\.")


def sentences(script: str) -> list[str]:
    """The literals of a script that are words to read: two of them beside one another, and no selector."""
    literals = (re.sub(r"\$\{[^{}]*\}", "0", "".join(each)) for each in LITERAL.findall(COMMENT.sub("", script)))
    return [each for each in literals if re.search(r"(?:\w,? [a-z]{2,}\b)", each) and not SELECTOR.search(each)]


def test_a_sentence_in_a_script_is_seen() -> None:
    assert sentences('say("Choose a time."); say(`${n} of ${most}`); // "It is late"') == ["Choose a time.", "0 of 0"]
    assert sentences('find("main .cover, main .next-to a"); find("input, [role=option]"); go(`g ${key}`)') == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_has_a_sentence_of_its_own_and_each_attribute_it_reads_is_written(script: Path) -> None:
    source = script.read_text(encoding="utf-8")
    assert sentences(source) == []
    for name in re.findall(r"dataset\.(\w+)", source):
        attribute = "data-" + re.sub(r"[A-Z]", lambda letter: "-" + letter[0].lower(), name)
        written = re.search(rf"{attribute}[=\"\s>]", TEMPLATES) or f'countdown("{name}"' in TEMPLATES
        assert written, f"no template writes {attribute}"
