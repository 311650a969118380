"""`wa screens`: what it takes pictures of, what it fills the page with, and what it says where it cannot."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import invented, pictures, screens
from cli.main import wa
from cli.pictures import SIZES, THEMES
from session_host.captured import Store
from shared.store.memory import MemoryBucket
from shared.store.templates import Templates
from shared.store.view import View
from tests.builders import NOW


def test_every_picture_has_a_name_of_its_own_and_is_in_the_index() -> None:
    names = [page.name for page in screens.EVERY_PAGE]
    assert len(set(names)) == len(names)
    files = [page.file(theme, size) for page in screens.EVERY_PAGE for theme in THEMES for size in SIZES]
    index = screens.index()
    assert all(f'src="{file}"' in index for file in files)
    assert index.count("<img") == len(files) == 4 * len(names)


def test_the_index_in_the_documentation_is_the_one_that_is_made_and_each_picture_is_there() -> None:
    assert (screens.FOLDER / "README.md").read_text(encoding="utf-8") == screens.index()
    there = {file.name for file in screens.FOLDER.glob("*.webp")}
    wanted = {page.file(theme, size) for page in screens.EVERY_PAGE for theme in THEMES for size in SIZES}
    assert there == wanted
    assert sum((screens.FOLDER / name).stat().st_size for name in there) < 6_000_000


def test_a_picture_that_is_none_is_refused_with_those_there_are(tmp_path: Path) -> None:
    done = CliRunner().invoke(wa, ["screens", "--out", str(tmp_path), "--only", "agneda"])
    assert done.exit_code == 1
    assert "There is no picture 'agneda': there are agenda, agenda-attention" in done.output


def test_without_chromium_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "CHROMIUM", tmp_path / "chromium")
    done = CliRunner().invoke(wa, ["screens", "--out", str(tmp_path)])
    assert done.exit_code == 1
    assert "apt install chromium" in done.output


def test_what_is_invented_is_read_whole_and_reaches_nobody(tmp_path: Path) -> None:
    bucket = MemoryBucket()
    invented.fill(bucket, NOW)
    shown = View(bucket).read(NOW)
    assert shown.unreadable == {}
    numbers = {phone.number for each in shown.contacts.values() for phone in each.phones}
    assert {each.to for each in shown.messages.values()} <= numbers
    assert all(number.startswith("447700900") for number in numbers)
    assert {str(each.status) for each in shown.messages.values()} == {"pending", "sent", "failed", "unknown"}
    assert len(shown.messages["forked"].conflicts) == 1
    assert len(Templates(bucket).read().records) == 3
    archive = Store(tmp_path, NOW)
    archive.take(list(invented.heard(NOW)), archive.position(), NOW)
    assert archive.count() == 23


def test_without_lighthouse_the_bench_says_how_to_get_it() -> None:
    done = CliRunner().invoke(wa, ["bench", "lighthouse", "--program", "no-such-program"])
    assert done.exit_code == 1
    assert "npm install lighthouse" in done.output
