"""`wa bucket`: what the bucket really does, and what it needs once."""

import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from cli import ROOT

if TYPE_CHECKING:
    from cli.bucket_probe import Finding
    from shared.store.bucket import Bucket

MARKS = {"well": ("ok", "green"), "note": ("note", "yellow"), "wrong": ("WRONG", "red")}


@click.group()
def command() -> None:
    """Try what the bucket really does, and set it up.

    The bucket is the one of the settings: STORAGE_MODE, B2_BUCKET, B2_S3_ENDPOINT, B2_PREFIX and the key.
    """


@command.command()
@click.option("--json", "as_json", is_flag=True, help="The findings as one JSON array.")
def check(as_json: bool) -> None:
    """Try it, and say what each thing means.

    Objects are written below probe/ and deleted again; nothing else is touched. Exits with 1 where something is wrong.
    """
    from cli.bucket_probe import wrong
    from shared.store.errors import StoreError

    bucket, found = _open(), []
    try:
        for finding in _findings(bucket):
            found.append(finding)
            if not as_json:
                _show(finding)
    except StoreError as error:
        found.append(wrong("the rest", str(error), "The store has stopped to answer: run the check again."))
        if not as_json:
            _show(found[-1])
    if as_json:
        click.echo(json.dumps([each._asdict() for each in found], indent=2))
    bad = sum(each.verdict == "wrong" for each in found)
    if not as_json:
        click.echo(f"\nTried: {len(found)}. Wrong: {bad or 'none'}.")
    if bad:
        raise SystemExit(1)


@command.command()
@click.option(
    "--days", type=click.IntRange(1, 3650), default=7, show_default=True, help="How long old versions are kept."
)
@click.option("--yes", is_flag=True, help="Do not ask before the rule is set.")
def init(days: int, yes: bool) -> None:
    """Set the rule that ends old versions, and explain a limited key.

    B2 keeps every version of every object for ever unless a rule ends them. Rules of others are kept as they are.
    """
    from cli import bucket_setup
    from shared.store.b2 import B2Bucket
    from shared.store.errors import StoreError, Unreachable

    bucket = _open()
    if not isinstance(bucket, B2Bucket):
        click.echo("The bucket is a directory (STORAGE_MODE=local): it keeps no versions, there is nothing to set.")
        return
    try:
        planned = bucket_setup.plan(bucket, days)
        if planned.sooner:
            click.echo(f"Another rule deletes them after {planned.sooner} days already, and the shorter one counts.")
        if not planned.changes:
            click.echo(f"Old versions below {bucket.prefix} of {bucket.name} are deleted after {days} days already.")
        else:
            others = " The other rules of the bucket stay as they are." if planned.kept else ""
            click.echo(
                f"Old versions below {bucket.prefix} of {bucket.name} will be deleted after {days} days.{others}"
            )
            if not yes:
                click.confirm("Set this rule?", abort=True)
            bucket_setup.apply(bucket, planned)
            click.echo("The rule is set, and was read back.")
    except bucket_setup.NoVersions as nothing:
        click.echo(str(nothing))
    except Unreachable as error:
        raise click.ClickException(str(error)) from None
    except StoreError as error:
        raise click.ClickException(f"{error}\n{bucket_setup.by_hand(bucket, days)}") from None
    click.echo(f"\nA key for this prefix only:\n{bucket_setup.limited_key(bucket)}")


def _open() -> "Bucket":
    from shared.settings import SettingsError, StorageSettings
    from shared.store.errors import StoreError
    from shared.store.opening import open_bucket

    os.chdir(ROOT)  # where a relative STORAGE_DIR is meant from
    try:
        return open_bucket(StorageSettings.read(os.environ))
    except (SettingsError, StoreError) as error:
        raise click.ClickException(str(error)) from None


def _findings(bucket: "Bucket") -> Iterator["Finding"]:
    from cli.bucket_probe import new_folder, probe_objects, probe_s3
    from shared.store.b2 import B2Bucket

    folder = new_folder()
    for finding in probe_objects(bucket, folder):
        yield finding
        if finding.subject == "objects":
            return
    if isinstance(bucket, B2Bucket):
        yield from probe_s3(bucket, folder)


def _show(finding: "Finding") -> None:
    word, colour = MARKS[finding.verdict]
    click.echo(f"{click.style(f'{word:6}', fg=colour)}{finding.subject}: {finding.seen}\n      {finding.means}")
