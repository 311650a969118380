"""How late messages are: from each message's second to the moment the simulated contact has decrypted it.

Every part is real but WhatsApp's server: the page's form, the session host under gunicorn, neonize, Signal. The
messages are due at random whole seconds. `early` counts messages begun before their second, by the host's own clock.
"""

import random
import statistics
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from cli.demo import CONTACTS, OWNER, ZONE
from cli.journey import Follower, Journey, Stage
from cli.page_client import PageClient
from cli.processes import Supervisor
from cli.simulated import SimulatedStack, link
from cli.stack import Folder
from shared.clock import SYSTEM
from shared.store.view import View

MESSAGES = 20
WITHIN_SECONDS = 40


def run(say: Callable[[str], None]) -> dict[str, object]:
    """Schedule 20 messages within 40 s, follow them until they are delivered; milliseconds."""
    with tempfile.TemporaryDirectory(prefix="wa-bench-") as root, Supervisor() as supervisor:
        stack = SimulatedStack(supervisor, Folder(Path(root)), {"DEFAULT_ZONE": ZONE, "PACE": "off"})
        control = stack.start_simulator()
        for number, name in CONTACTS.items():
            control.put_contact(number, name=name)
        host = stack.start_host()
        link(host, control, OWNER, "Bench owner")
        stack.start_web()
        page = PageClient(stack.web_address)
        page.log_in(stack.first_run_password() or "")
        follower = Follower(View(stack.bucket()), host, control, say)
        journeys = list(_schedule(page))
        follower.follow(journeys, Stage.DELIVERED, WITHIN_SECONDS + 60)
        late = sorted(follower.lateness(each) / timedelta(milliseconds=1) for each in journeys)
        early = sum(_begun_early(each) for each in journeys)
        memory = {child.name: _resident_mb(child.pid) for child in supervisor.children}
    p50, p99 = statistics.median(late), late[min(len(late) - 1, round(0.99 * len(late)))]
    figures = {"p50_ms": round(p50, 1), "p99_ms": round(p99, 1), "max_ms": round(late[-1], 1)}
    say(f"memory in MB: {memory}")
    return {"messages": len(late), **figures, "early": early}


def _schedule(page: PageClient) -> list[Journey]:
    """Messages to the contacts in turn, each due at a whole second of the next 40 after a start-up time."""
    start = SYSTEM.now().replace(microsecond=0) + timedelta(seconds=15)
    seconds = random.sample(range(WITHIN_SECONDS), MESSAGES)
    numbers = list(CONTACTS)
    journeys = []
    for index, second in enumerate(seconds):
        to, text = numbers[index % len(numbers)], f"Lateness, message {index + 1}"
        message_id = page.schedule(to=to, text=text, at=start + timedelta(seconds=second), zone=ZONE)
        journeys.append(Journey(message_id, f"{index + 1}", to, text))
    return journeys


def _begun_early(journey: Journey) -> bool:
    message = journey.message
    begun = message.delivery.begun_at if message else None
    return message is not None and begun is not None and begun < message.send_at


def _resident_mb(pid: int) -> float:
    """The memory a process and all it has started really take, in MB: a page that several share counts once."""
    try:
        rollup = (Path("/proc") / str(pid) / "smaps_rollup").read_text()
    except ProcessLookupError:
        return 0.0  # it has ended, and nobody has asked how
    kilobytes = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    children = (Path("/proc") / str(pid) / "task" / str(pid) / "children").read_text().split()
    return round(kilobytes / 1024 + sum(_resident_mb(int(child)) for child in children), 1)
