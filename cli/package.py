"""`wa package`: the cloud function's bundle and template, looked into, with the commands that deploy them."""

import os
import shlex
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shared.clock import SYSTEM

if TYPE_CHECKING:
    from cli.bundle import Bundle

MEGABYTE = 1_000_000
ARCHITECTURES = ("arm64", "x86_64")
STAGES = ("prod", "dev")


@click.command()
@click.option(
    "--stage", type=click.Choice(STAGES), default="prod", show_default=True, help="dev is for a second stack."
)
@click.option("--architecture", type=click.Choice(ARCHITECTURES), default="arm64", show_default=True, help="Lambda's.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("out"), show_default=True,
    help="The folder that gets deployment.zip and sam.yaml.",
)  # fmt: skip
def command(stage: str, architecture: str, out: Path) -> None:
    """Make the tick's bundle for AWS Lambda.

    Nothing is sent to AWS. The bundle is refused where code is missing in it or a secret of this machine is in it.
    """
    from cli import bundle

    started = SYSTEM.monotonic()
    click.echo(
        f"Packing the tick for {stage} on {architecture}; pip fetches its packages, which takes a moment ... ", nl=False
    )
    try:
        made = bundle.make(out, stage=stage, architecture=architecture, environment=os.environ)
    except bundle.BundleRefused as error:
        click.echo("refused")
        raise click.ClickException(str(error)) from None
    click.echo(f"{SYSTEM.monotonic() - started:.0f} s")
    click.echo(contents(made))
    click.echo(next_steps(made, stage))


def contents(made: "Bundle") -> str:
    """What was made, for people."""
    with zipfile.ZipFile(made.zip) as archive:
        entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries) / MEGABYTE
    modules = sum(entry.filename.startswith("shared/") and entry.filename.endswith(".py") for entry in entries)
    function = made.document()["Resources"]["Tick"]["Properties"]
    packages = ", ".join(f"{name} {version}" for name, version in made.packages().items())
    return (
        f"{made.zip}: {made.zip.stat().st_size / MEGABYTE:.1f} MB ({unpacked:.1f} MB unpacked), "
        f"for {function['Runtime']} on {made.architecture}\n"
        f"  the tick, {modules} modules of shared/, {packages}\n"
        f"  no secret of this machine, no API\n"
        f"{made.template}: the function, its schedule, its role and log, two alarms with their topic"
    )


def next_steps(made: "Bundle", stage: str) -> str:
    """The commands that deploy it; what a person must fill in is in capitals."""
    folder = made.folder
    template, packed = shlex.quote(str(folder / "sam.yaml")), shlex.quote(str(folder / "packaged.yaml"))
    tick, paused = ("tick", "") if stage == "prod" else (f"tick-{stage}", " Schedule=DISABLED")
    return f"""
Next (docs/cloud.md explains each; the secrets must be in AWS first):
  aws cloudformation package --template-file {template} \\
    --s3-bucket YOUR-DEPLOYMENT-BUCKET --output-template-file {packed}
  aws cloudformation deploy --template-file {packed} --stack-name whatsapp-{tick} --capabilities CAPABILITY_IAM \\
    --parameter-overrides HostUrl=https://YOUR-HOST StorageBucket=YOUR-BUCKET \\
    StorageEndpoint=s3.YOUR-REGION.backblazeb2.com SecretsParameter=/whatsapp/{tick} \\
    AlarmEmail=YOU@EXAMPLE.COM{paused}"""
