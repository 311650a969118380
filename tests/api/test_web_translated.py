"""The page in another language: nothing is left in English, its catalogue is current, and a bad one is refused."""

import ast
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from cli import texts
from shared.settings import SettingsError
from shared.starting import CANNOT_START
from tests.api.untranslated import pretended
from web.language import LOCALE, catalogue, languages

ROOT = Path(__file__).parents[2]
Text = str | tuple[str, ...]
HOME = ("LANG", "LC_ALL", "PATH", "HOME")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in HOME if name in os.environ}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env={**kept, **environment}, capture_output=True, text=True, check=False
    )


def test_nothing_a_person_reads_is_outside_of_the_catalogue() -> None:
    told = run("-m", "tests.api.untranslated")
    assert told.stdout + told.stderr == ""
    assert told.returncode == 0


def test_the_made_up_language_leaves_what_is_filled_in() -> None:
    assert pretended("{count} messages to <b>%(name)s</b>") == "{count}⟦ messages to ⟧<b>%(name)s</b>"


def test_the_catalogue_is_current() -> None:
    """Where it is not: `./wa texts`."""
    assert texts.written(texts.collect()).decode() == (LOCALE / "page.pot").read_text()


def test_no_text_takes_the_name_of_another() -> None:
    module = ast.parse((ROOT / "web" / "texts.py").read_text(encoding="utf-8"))
    names = [name.id for name in ast.walk(module) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)]
    assert [name for name, times in Counter(names).items() if times > 1] == []


def translated(text: Text, into: Text) -> Catalog:
    catalog = Catalog(locale="de")
    catalog.add(text, into)
    return catalog


@pytest.mark.parametrize(
    ("text", "into"),
    [
        ("Wait {wait}.", "Warte."),
        ("Wait {wait}.", "Warte {warte}."),
        ("Wait {wait}.", "Warte {wait."),
        ("%(count)s of %(total)s", "%(count)s"),
        ("%(count)s of %(total)s", "%(count)d von %(total)s von %(all)s"),
        (("{count} thing of {name}", "{count} things of {name}"), ("Ein Ding", "{count} Dinge von {name}")),
    ],
    ids=str,
)
def test_a_translation_that_loses_what_is_filled_in_is_refused(text: Text, into: Text) -> None:
    assert list(texts.mistakes(translated(text, into))) != []


@pytest.mark.parametrize(
    ("text", "into"),
    [
        ("Wait {wait}.", "Warte {wait}."),
        ("Wait {wait}.", ""),
        (("One thing", "{count} things"), ("Ein Ding", "{count} Dinge")),
    ],
    ids=str,
)
def test_a_good_or_missing_translation_is_taken(text: Text, into: Text) -> None:
    assert list(texts.mistakes(translated(text, into))) == []


def test_a_language_is_brought_up_to_date_and_its_standing_told(tmp_path: Path) -> None:
    path = tmp_path / "de" / "LC_MESSAGES" / "page.po"
    path.parent.mkdir(parents=True)
    path.write_bytes(texts.written(translated("Agenda", "Kalender")))
    found = Catalog()
    for text in ("Agenda", "Chats"):
        found.add(text)
    standing, refused = texts.bring_up(path, found)
    assert (str(standing), refused) == ("de: 1 of 2 translated, 0 fuzzy, 1 missing", [])
    assert catalogue("de", tmp_path).gettext("Agenda") == "Kalender"
    assert languages(tmp_path) == ["en", "de"]


def test_a_language_that_nobody_has_made_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"WEB_LANGUAGE is wrong: 'xx' cannot be read .*; write one of en"):
        catalogue("xx", tmp_path)


def test_a_page_that_is_to_speak_it_says_so_and_is_not_started_again() -> None:
    refused = run("-c", "import web.gunicorn_conf", WEB_LANGUAGE="xx")
    assert refused.returncode == CANNOT_START
    assert "The web page cannot start: WEB_LANGUAGE is wrong: 'xx'" in refused.stderr


SHOW = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from web import app
from tests.api.web_page import Page
print(Page(Path(sys.argv[1])).client.get("/login").text)
"""


def test_a_page_speaks_the_language_that_is_set(tmp_path: Path) -> None:
    """The page's code stands in another place, where there is a language more."""
    shutil.copytree(ROOT / "web", tmp_path / "web", ignore=shutil.ignore_patterns("__pycache__"))
    folder = tmp_path / "web" / "locale" / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "page.mo").open("wb") as file:
        write_mo(file, translated("Log in", "Eintreten"))
    told = run("-c", SHOW, str(tmp_path / "page"), str(tmp_path), WEB_LANGUAGE="de")
    assert "Eintreten" in told.stdout, told.stderr
    assert '<html lang="de"' in told.stdout
