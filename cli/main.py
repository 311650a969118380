"""The commands of `wa` and how they are found: a command's module is imported when it is run, not to list it."""

import importlib
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from cli import ROOT

COMMANDS = {
    "bench": "Measure one thing about this system.",
    "bucket": "Try what the bucket really does, and set it up.",
    "completion": "Print what your shell needs to complete wa's commands.",
    "demo": "Run the whole system here, against a simulated WhatsApp.",
    "doctor": "Check this machine and the settings, and say what to do.",
    "import-old": "Take over the old system's files; a dry run without --apply.",
    "link": "Link the WhatsApp account, back the link up, restore it.",
    "package": "Make the tick's bundle for AWS Lambda.",
    "password": "Reset the page's password to a new one for the first time.",
    "requirements": "Recompile the hashed requirements.",
    "screens": "Take pictures of every page into docs/screens.",
    "simulator": "Run the simulated WhatsApp alone, with its page.",
    "status": "Say how host and link are; exit 1 unless messages leave.",
    "takeover": "Let this machine's session host lead in place of a lost one.",
    "test": "Run everything that checks the project.",
    "texts": "Collect the page's texts, and bring every language up to date.",
    "tick": "Hand over what is due, once or at each interval.",
    "token": "Make, list and revoke tokens of the send API.",
    "up": "Run host, page and tick here, linked to the real WhatsApp.",
}
"""Each command with the first sentence of its help, a test holds the two together; its module is cli/<name>.py, with an
underscore for a hyphen."""

ISOLATED = {"bench", "demo", "requirements", "screens", "simulator", "test", "texts"}
"""Commands that must not see the owner's settings: what they start is never the owner's bucket or host."""


class Commands(click.Group):
    """A group whose commands are modules of their own, imported when they are run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"cli.{module_of(cmd_name)}").command
        command.name = cmd_name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        found = [CompletionItem(name, help=line) for name, line in COMMANDS.items() if name.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)


def module_of(name: str) -> str:
    """The module of a command: import_old for import-old."""
    return name.replace("-", "_")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def wa(context: click.Context) -> None:
    """Schedule WhatsApp messages from a host of your own."""
    if context.invoked_subcommand not in ISOLATED:
        _load(ROOT / ".env")


def _load(settings: Path) -> None:
    """Take what the file says into the environment, which wins. Raises ClickException where it cannot be read."""
    try:
        if settings.exists():
            import dotenv

            dotenv.load_dotenv(settings, override=False)
    except OSError as error:
        raise click.ClickException(
            f"{settings} cannot be read ({error.strerror}): run this as the user it belongs to, or make it yours."
        ) from None
    except ValueError:  # not UTF-8, or with a NUL in it
        raise click.ClickException(
            f"{settings} is no UTF-8 text: save it as that, or write it anew (.env.example shows how)."
        ) from None


def main() -> None:
    """Run the command line with this process's arguments."""
    wa(prog_name="wa", complete_var="_WA_COMPLETE")
