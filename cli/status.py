"""`wa status`: how the session host is, in a few lines; no message text and no phone number."""

import json
import os
from collections.abc import Iterator
from typing import Any

import click

UNHEALTHY = 1
"""The exit code where messages would not leave now, for scripts."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the host's health document as JSON.")
def command(as_json: bool) -> None:
    """Say how host and link are; exit 1 unless messages leave."""
    from shared.host_client import HostClient, HostError
    from shared.settings import HostAddress, SettingsError

    try:
        health = HostClient(HostAddress.read(os.environ)).health()
    except (HostError, SettingsError) as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps(health))
    else:
        for name, said in lines(health):
            click.echo(f"{name:<10} {said}")
    if not health.get("healthy"):
        raise SystemExit(UNHEALTHY)


def lines(health: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """A name and a sentence each; what a host of another version does not say is left out."""
    link, watch = health.get("link") or {}, health.get("watch") or {}
    yield "health", "Messages leave." if health.get("healthy") else "Something is wrong: messages may wait."
    if link.get("sentence"):
        action = link.get("action")
        yield "link", link["sentence"] if action in (None, "Nothing.") else f"{link['sentence']} {action}"
    if health.get("standing"):
        yield "host", str(health["standing"])
    if watch.get("tick"):
        yield "tick", watch["tick"]
    waiting = {name: count for name, count in (health.get("messages") or {}).items() if count}
    counted = ", ".join(f"{count} {name}" for name, count in waiting.items())
    yield "messages", f"{counted or 'none here'}; {health.get('overdue', 0)} overdue"
    for part, trouble in (health.get("trouble") or {}).items():
        yield "trouble", f"{part}: {trouble}"
    for problem in health.get("problems") or ():
        yield "problem", str(problem)
