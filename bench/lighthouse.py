"""What Lighthouse says of the main pages: accessibility and best practices, of 100, for somebody who is logged in.

The whole system on the simulated WhatsApp with invented people in it. Lighthouse is not among this project's
requirements: `npm install lighthouse` in a folder of its own, then name its program. Nothing leaves this machine.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cli import screens
from cli.page_client import PageClient
from cli.pictures import CHROMIUM
from cli.processes import Supervisor
from cli.simulated import SimulatedStack
from cli.stack import Folder

OPTIONS = (
    click.Option(["--program"], default="lighthouse", show_default=True, help="Lighthouse, by its name or its path."),
    click.Option(["--pages"], default=1000, show_default=True, type=click.IntRange(1), help="At most so many."),
    click.Option(["--only"], multiple=True, metavar="PATH", help="Only this page of the list; may be given again."),
)
CATEGORIES = ("accessibility", "best-practices")
LIMIT_SECONDS = 180
PAGES = (
    *("/", "/agenda/week", "/agenda/month", "/compose", "/messages/next", "/messages/unknown", "/series", "/templates"),
    *(
        "/contacts",
        "/contacts/contact-001",
        "/contacts/import",
        "/contacts/whatsapp",
        "/chats",
        "/chats/447700900001@s.whatsapp.net",
    ),
    *("/chats/search?q=scarf", "/insights", "/link", "/settings", "/settings/tokens", "/password"),
)


def run(
    say: Callable[[str], None], *, program: str = "lighthouse", pages: int = 1000, only: tuple[str, ...] = ()
) -> dict[str, object]:
    """The lowest of each category, and each page's; what is found is told line by line."""
    found = shutil.which(program)
    if found is None or shutil.which("node") is None:
        raise click.ClickException(
            f"'{program}' or node is not here: install Node, then 'npm install lighthouse' in a folder of its own, and "
            "name its node_modules/.bin/lighthouse with --program."
        )
    if unknown := set(only) - set(PAGES):
        raise click.ClickException(f"{min(unknown)} is not among the pages: {', '.join(PAGES)}.")
    if not CHROMIUM.exists():
        raise click.ClickException(f"There is no {CHROMIUM}: install it with 'apt install chromium'.")
    figures: dict[str, dict[str, int]] = {}
    with tempfile.TemporaryDirectory(prefix="wa-bench-") as folder, Supervisor() as supervisor:
        stack = SimulatedStack(supervisor, Folder(Path(folder)), screens.SETTINGS)
        system = screens.System(stack, say)
        cookies = PageClient(stack.web_address).log_in(stack.first_run_password() or "")
        system.fill()
        for path in (only or PAGES)[:pages]:
            report = _report(found, stack.web_address + path, cookies, Path(folder))
            figures[path] = {name: round(100 * report["categories"][name]["score"]) for name in CATEGORIES}
            say(f"{path}: {', '.join(f'{name} {score}' for name, score in figures[path].items())}")
            for sentence in _failed(report):
                say(f"  {sentence}")
    lowest = {name: min(each[name] for each in figures.values()) for name in CATEGORIES}
    return {"pages": figures, **{f"lowest_{name.replace('-', '_')}": score for name, score in lowest.items()}}


def _report(program: str, address: str, cookies: dict[str, str], folder: Path) -> dict[str, Any]:
    headers = json.dumps({"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())})
    file = folder / "report.json"
    (folder / "headers.json").write_text(headers, encoding="utf-8")
    argv = [
        program, address, "--quiet", "--output=json", f"--output-path={file}",
        f"--only-categories={','.join(CATEGORIES)}", f"--extra-headers={folder / 'headers.json'}",
        "--chrome-flags=--headless --no-sandbox",
    ]  # fmt: skip
    environment = {**os.environ, "CHROME_PATH": str(CHROMIUM)}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    if done.returncode != 0 or not file.exists():
        raise click.ClickException(f"Lighthouse could not look at {address}: {done.stderr.strip()[-300:]}")
    report: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return report


def _failed(report: dict[str, Any]) -> list[str]:
    """What keeps a page from 100, a line for each, with the first element it is about."""
    counted = {
        each["id"] for name in CATEGORIES for each in report["categories"][name]["auditRefs"] if each.get("weight")
    }
    failed = [audit for name, audit in report["audits"].items() if name in counted and audit["score"] not in (None, 1)]
    return [f"{audit['id']}: {audit['title']} {json.dumps(_first(audit))[:300]}" for audit in failed]


def _first(audit: dict[str, Any]) -> Any:
    items = (audit.get("details") or {}).get("items") or [{}]
    return (items[0].get("node") or {}).get("snippet", items[0])
