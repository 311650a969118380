"""The real Link in a process of its own, turned to a simulator: a Link to the test, JSON lines to the child.

neonize never gets into the process of the tests: it prints, it keeps threads, and a wrong call would abort the run.
"""

import argparse
import base64
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from pydantic import TypeAdapter

from session_host.link import Arrival, Ears, NoCode, Pairing, Reason, Receipt, Refused, SendFailed, Sent
from session_host.outgoing import Outgoing
from shared.model.address import Address
from shared.model.content import About, Attachment
from shared.model.link import LinkStatus
from shared.model.wire import Group

_ATTACHMENT: TypeAdapter[Attachment | None] = TypeAdapter(Attachment | None)
ROOT = Path(__file__).resolve().parents[2]


class RealLink:
    """A Link whose every method is done by the child; what the child tells comes on a thread of its own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self._numbers = itertools.count()
        self._answers: dict[int, dict[str, Any]] = {}
        self._changed = threading.Condition()
        self._over = False
        self._ears = Ears()
        self.reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        self.reader.start()

    def prepare(self) -> None:
        self._ask("prepare")

    def start(self) -> None:
        self._ask("start")

    def rest(self) -> None:
        self._ask("rest")

    def stop(self, seconds: float) -> None:
        self._ask("stop", seconds=seconds)

    def status(self) -> LinkStatus:
        return LinkStatus.model_validate(self._ask("status"))

    def phone_seen(self, last: datetime | None) -> None:
        self._ask("phone_seen", last=last and last.isoformat())

    def own_number(self) -> str | None:
        number: str | None = self._ask("own_number")
        return number

    def pairing(self) -> Pairing | None:
        answer = self._ask("pairing")
        return None if answer is None else Pairing.model_validate(answer)

    def pair_by_code(self, phone: Address) -> Pairing:
        return Pairing.model_validate(self._ask("pair_by_code", phone=str(phone)))

    def logout(self) -> None:
        self._ask("logout")

    def chat_of(self, to: Address) -> str | None:
        chat: str | None = self._ask("chat_of", to=str(to))
        return chat

    def number_of(self, hidden: Address) -> str | None:
        number: str | None = self._ask("number_of", to=str(hidden))
        return number

    def is_registered(self, to: Address) -> bool | None:
        registered: bool | None = self._ask("is_registered", to=str(to))
        return registered

    def groups(self) -> tuple[Group, ...]:
        return tuple(Group.model_validate(each) for each in self._ask("groups"))

    def given_names(self) -> dict[str, str]:
        names: dict[str, str] = self._ask("given_names")
        return names

    def make_ready(self, what: Outgoing) -> None:
        self._ask("make_ready", **_printed(what))

    def send(self, to: Address, what: Outgoing) -> Sent:
        return Sent(self._ask("send", to=str(to), **_printed(what)))

    def listen(self, ears: Ears) -> None:
        """What the child keeps, it keeps to itself: `ears.event` is not asked."""
        self._ears = ears

    def parse(self, name: str, data: bytes) -> Any:
        raise ValueError(f"the library and its {name} are in another process")

    def figures(self) -> dict[str, int]:
        """The child's memory in MB, threads and open files."""
        figures: dict[str, int] = self._ask("figures")
        return figures

    def _ask(self, call: str, **arguments: Any) -> Any:
        number = next(self._numbers)
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"number": number, "call": call, **arguments}) + "\n")
        self.process.stdin.flush()
        with self._changed:
            self._changed.wait_for(lambda: number in self._answers or self._over, 150)
            if number not in self._answers:
                raise AssertionError(
                    f"The link's process gave no answer to {call}; it ended with {self.process.poll()}."
                )
            answer = self._answers.pop(number)
        if "failed" in answer:
            failed = answer["failed"]
            raise SendFailed(failed.pop("sentence"), reason=Reason(failed.pop("reason")), **failed)
        if "no_code" in answer:
            raise NoCode(answer["no_code"])
        if "refused" in answer:
            raise Refused(answer["refused"])
        return answer["answer"]

    def _read(self, lines: IO[str]) -> None:
        for line in lines:
            said = json.loads(line)
            if "status" in said:
                self._ears.status(LinkStatus.model_validate(said["status"]))
            elif "arrival" in said:
                self._ears.arrival(Arrival.model_validate(said["arrival"]))
            elif "lost" in said:
                self._ears.lost()
            elif "receipt" in said:
                self._ears.receipt(Receipt.model_validate(said["receipt"]))
            else:
                with self._changed:
                    self._answers[said["number"]] = said
                    self._changed.notify_all()
        with self._changed:
            self._over = True
            self._changed.notify_all()


@contextmanager
def running_link(folder: Path, session: str = "host", **environment: str) -> Iterator[RealLink]:
    """A Link, not started, for the simulator that runs in `folder`; data in `folder`/`session`, log beside."""
    from simulator import redirect

    redirect.mark(folder / session)
    command = [sys.executable, "-m", "tests.flow.real_link", "--ready", str(folder / "simulator.json")]
    with (folder / f"{session}.log").open("a") as log:
        process = subprocess.Popen(
            [*command, "--data", str(folder / session)],
            cwd=ROOT,
            env={**os.environ, "NEONIZE_BOT_TAG": "off", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        link = RealLink(process)
        try:
            yield link
        finally:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.close()  # the child's sign to leave
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            link.reader.join(10)
            process.stdout.close()


def main() -> None:
    """The child: obeys until its input ends, then stops the link and leaves as any program does."""
    import structlog

    from session_host.whatsapp import WhatsAppLink
    from simulator import redirect
    from simulator.models import ReadyFile

    parser = argparse.ArgumentParser()
    parser.add_argument("--ready", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    given = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the link lets through goes to the log, where tests look for what must not be there
    lock = threading.Lock()

    def say(**what: Any) -> None:
        with lock:
            out.write(json.dumps(what) + "\n")
            out.flush()

    ready = ReadyFile.model_validate_json(given.ready.read_bytes())
    redirect.install(ready.websocket, bytes.fromhex(ready.root_key), given.data, ready.media_ca)
    link = WhatsAppLink(given.data)
    link.listen(
        Ears(
            lambda receipt: say(receipt=receipt.model_dump(mode="json")),
            lambda status: say(status=status.model_dump(mode="json")),
            lambda arrival: say(arrival=arrival.model_dump(mode="json")),
            lost=lambda: say(lost=True),
        )
    )

    def obey(command: dict[str, Any]) -> None:
        try:
            say(number=command["number"], answer=_do(link, command))
        except SendFailed as failed:
            detail = {"permanent": failed.permanent, "certain": failed.certain, "reason": failed.reason}
            say(number=command["number"], failed={"sentence": str(failed), **detail})
        except Refused as refused:
            say(number=command["number"], refused=str(refused))
        except NoCode as none:
            say(number=command["number"], no_code=str(none))

    answering: list[threading.Thread] = []

    def stop() -> None:
        """What has come back by then is said before the process ends."""
        link.stop(5)
        for each in answering:
            each.join(2)

    def leave(_number: int, _frame: object) -> None:
        stop()
        sys.exit(0)

    signal.signal(signal.SIGTERM, leave)
    for line in sys.stdin:
        answering[:] = [each for each in answering if each.is_alive()]
        thread = threading.Thread(target=obey, args=(json.loads(line),), daemon=True)
        thread.start()
        answering.append(thread)
    stop()


def _printed(what: Outgoing) -> dict[str, Any]:
    """What is to be sent, with its file, as JSON."""
    data = what.load(what.media) if what.media else b""
    attachment, about = (value and value.model_dump(mode="json") for value in (what.attachment, what.about))
    file = base64.b64encode(data).decode()
    return {"text": what.text, "attachment": attachment, "about": about, "file": file}


def _read(command: dict[str, Any]) -> Outgoing:
    data = base64.b64decode(command["file"])
    attachment = _ATTACHMENT.validate_python(command["attachment"])
    about = command["about"] and About.model_validate(command["about"])
    return Outgoing(command["text"], attachment, about, lambda _: data)


def _do(link: Any, command: dict[str, Any]) -> Any:
    call = command["call"]
    if call == "figures":
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        threads, files = len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))  # noqa: PTH208
        return {"mb": pages * os.sysconf("SC_PAGE_SIZE") // 2**20, "threads": threads, "files": files}
    if call == "phone_seen":
        return link.phone_seen(command["last"] and datetime.fromisoformat(command["last"]))
    if call == "stop":
        return link.stop(command["seconds"])
    if call == "send":
        return link.send(Address.from_stored(command["to"]), _read(command)).message_id
    if call == "make_ready":
        return link.make_ready(_read(command))
    if call == "groups":
        return [group.model_dump(mode="json") for group in link.groups()]
    if call == "pair_by_code":
        return link.pair_by_code(Address.from_stored(command["phone"])).model_dump(mode="json")
    if call in ("chat_of", "number_of"):
        return getattr(link, call)(Address.from_stored(command["to"]))
    if call == "is_registered":
        return link.is_registered(Address.from_stored(command["to"]))
    answer = getattr(link, call)()
    return answer.model_dump(mode="json") if isinstance(answer, LinkStatus | Pairing) else answer


if __name__ == "__main__":
    main()
