"""`wa completion`: what a shell needs to complete wa's commands, for `wa` on PATH as for `./wa`."""

import shlex

import click
from click.shell_completion import BashComplete, FishComplete, ZshComplete

from cli import ROOT

VARIABLE = "_WA_COMPLETE"
SHELLS = {"bash": BashComplete, "fish": FishComplete, "zsh": ZshComplete}


@click.command(epilog='In ~/.bashrc: eval "$(/path/to/wa completion bash)". zsh likewise; fish: ... | source.')
@click.argument("shell", type=click.Choice(sorted(SHELLS)))
def command(shell: str) -> None:
    """Print what your shell needs to complete wa's commands."""
    source = SHELLS[shell](click.Group(), {}, "wa", VARIABLE).source()
    # Click's scripts ask the `wa` found on PATH, but this one need not be there; and fish's cuts a help at its comma.
    path = shlex.quote(str(ROOT / "wa"))
    source = source.replace(f"{VARIABLE}={shell}_complete wa", f"{VARIABLE}={shell}_complete {path}")
    source = source.replace("(commandline -t) wa)", f"(commandline -t) {path})")
    source = source.replace("    (( ! $+commands[wa] )) && return 1\n", "")
    click.echo(source.replace('string split "," $completion', 'string split --max 1 "," $completion'))
