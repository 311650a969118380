"""`wa bench`: the measurements in bench/, each a module with `run(say)` that returns its figures by name.

`say` shows a line of progress. A module may declare `OPTIONS`, a tuple of click.Option, which `run` is given as keyword
arguments. With --json the last line of the output is one JSON object: the figures.
"""

import importlib
import json
import pkgutil
from types import ModuleType
from typing import Any

import click

from cli import ROOT


def names() -> list[str]:
    """The measurements there are, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules([str(ROOT / "bench")]))


class Measurements(click.Group):
    """Each module of bench/ as a command with its own options; loaded when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _measurement(cmd_name) if cmd_name in names() else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in names():
            ctx.fail(f"There is no measurement '{args[0]}': there are {', '.join(names()) or 'none yet'}.")
        return super().resolve_command(ctx, args)


@click.group(cls=Measurements)
def command() -> None:
    """Measure one thing about this system."""


def _measurement(name: str) -> click.Command:
    module = importlib.import_module(f"bench.{name}")
    as_json = click.Option(
        ["--json", "as_json"], is_flag=True, help="End with the figures as one JSON object on the last line."
    )

    def measure(*, as_json: bool, **options: Any) -> None:
        _measure(module, options, as_json=as_json)

    options = [*getattr(module, "OPTIONS", ()), as_json]
    return click.Command(name, callback=measure, params=options, help=module.__doc__)


def _measure(module: ModuleType, options: dict[str, Any], *, as_json: bool) -> None:
    figures = module.run(lambda line: click.echo(line, err=as_json), **options)
    if as_json:
        click.echo(json.dumps(figures))
        return
    for figure, value in figures.items():
        if not isinstance(value, dict):  # what is told of many was told line by line
            click.echo(f"{figure:20} {value}")
