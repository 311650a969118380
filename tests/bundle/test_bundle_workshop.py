"""What the bundle tests are run with is made once; where that fails, each process that needs it hears why."""

from pathlib import Path

import pytest

from cli import bundle
from cli.bundle import Bundle, BundleRefused
from tests.bundle import workshop


def test_what_could_not_be_finished_is_made_anew_and_fails_for_the_same_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(_project: Path, folder: Path, **_: str) -> Bundle:
        (folder / "project").mkdir(parents=True)
        raise BundleRefused("no network today")

    monkeypatch.setattr(bundle, "build", half)
    monkeypatch.setattr(bundle, "make", lambda out, **_: out.mkdir(parents=True, exist_ok=True))
    monkeypatch.setattr(workshop, "make_runtime", lambda folder: folder.mkdir(exist_ok=True))
    for _ in range(2):
        with pytest.raises(BundleRefused, match="no network today"):
            workshop.fill(tmp_path)
