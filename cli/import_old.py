"""`wa import-old`: takes over scheduled.json, contacts.json and chats.json of the old system. A dry run unless told."""

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import ROOT
from shared.clock import SYSTEM

if TYPE_CHECKING:
    from cli.old.importing import Found
    from cli.old.source import OldFile, Progress
    from cli.old.spill import Spill
    from shared.store.bucket import StreamingBucket

AGAIN = "What is done stays done: run the same again to go on."


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--from-bucket", is_flag=True, help="Read the files as they lie in the bucket, below B2_PREFIX.")
@click.option("--apply", "in_earnest", is_flag=True, help="Write it; without this nothing is written.")
def command(folder: Path | None, from_bucket: bool, in_earnest: bool) -> None:
    """Take over the old system's files; a dry run without --apply.

    FOLDER holds the old scheduled.json, contacts.json and chats.json, or some of them. They are only read; with --apply
    a copy is kept in the bucket byte for byte. Run it as often as you like: what is here already is not written again.
    """
    from cli.old.source import BadFile
    from shared.settings import SettingsError, StorageSettings
    from shared.store.errors import StoreError
    from shared.store.opening import open_bucket

    if (folder is None) != from_bucket:
        raise click.UsageError("Name the folder with the old files, or --from-bucket.")
    chosen = folder and folder.absolute()
    os.chdir(ROOT)  # where a relative STORAGE_DIR is meant from
    try:
        bucket = open_bucket(StorageSettings.read(os.environ))
        with scratch() as space:
            files = _files(chosen, bucket, space)
            _import(files, bucket, space, in_earnest=in_earnest)
    except (BadFile, StoreError, SettingsError) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        click.echo(f"\nStopped. {AGAIN if in_earnest else 'Nothing was written.'}", err=True)
        raise SystemExit(1) from None


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for what is sorted on disk, gone afterwards; beside the data, for /tmp may be memory.

    It has messages in it: what a killed import left is removed. A folder is locked as long as its import runs, and has
    the name that is looked for only once it is locked.
    """
    data = ROOT / "data"
    data.mkdir(mode=0o700, exist_ok=True)
    for left in data.glob("import-*"):
        _remove_dead(left)
    made = Path(tempfile.mkdtemp(prefix="new-", dir=data))
    folder = made.with_name(f"import-{made.name}")
    lock = _locked(made)
    try:
        yield made.rename(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _remove_dead(folder: Path) -> None:
    lock = _locked(folder)
    if lock is not None:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _locked(folder: Path) -> int | None:
    """What holds the folder until it is closed, or its process has ended; None where somebody else does."""
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock


@contextmanager
def bar(label: str, length: int) -> Iterator["Progress"]:
    """A progress bar on a terminal; elsewhere its label, once."""
    steps = max(1, length // 500)
    with click.progressbar(length=length, label=label, file=sys.stderr, update_min_steps=steps) as shown:
        yield shown.update


def _files(folder: Path | None, bucket: "StreamingBucket", space: Path) -> list["OldFile"]:
    from cli.old import source

    if folder is not None:
        return source.in_folder(folder)
    sizes = source.in_bucket(bucket)
    if not sizes:
        raise source.BadFile(f"The bucket holds none of the old system's files: {', '.join(source.NAMES)}.")
    source.check_space(space, sum(sizes.values()))
    files = []
    for name, size in sizes.items():
        with bar(f"Fetching {name}", size) as progress:
            files.append(source.fetch(bucket, name, size, space, progress))
    return files


def _import(files: list["OldFile"], bucket: "StreamingBucket", space: Path, *, in_earnest: bool) -> None:
    from cli.old import importing
    from cli.old.spill import Spill
    from shared.settings import WebSettings

    country = WebSettings.read(os.environ).country
    importing.check_room(files, space)
    with Spill(space) as spill:
        found = importing.Look(bucket, spill, country, SYSTEM.now(), bar).at(files)
        for report in found.reports.values():
            click.echo("\n".join(report.lines()))
        if not found.sound:
            raise click.ClickException("Nothing was written: put right what is marked with !, or take that file out.")
        if in_earnest:
            _apply(found, bucket, spill)
        else:
            click.echo("\nThis was a dry run: nothing was written. Add --apply to do it.")


def _apply(found: "Found", bucket: "StreamingBucket", spill: "Spill") -> None:
    from cli.old import importing
    from cli.old.source import BadFile
    from shared.store.errors import StoreError

    click.echo()
    try:
        for sentence in importing.apply(found, bucket, spill, SYSTEM, bar):
            click.echo(sentence)
    except (BadFile, StoreError) as error:
        raise click.ClickException(f"{error} {AGAIN}") from None
    click.echo("Done. The session host takes up what is new with its next fold, within a minute of running.")
