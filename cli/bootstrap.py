"""Makes the environment a command needs from the hashed requirements, then becomes the command line inside it.

`wa` runs this on whatever Python 3 there is, before anything is installed: standard library only, in syntax that an old
Python can read, so that it can say what to install.

An environment is `.venv/<set>-<python>-<hash>`. The hash covers the requirements file, the machine and this checkout's
path; its file `complete` is made last. A running command holds a shared lock on its environment, so that a later
version's first start does not remove it meanwhile.
"""

import os
import subprocess
import sys

if sys.version_info < (3, 11):
    for newer in ("python3.14", "python3.13", "python3.12", "python3.11"):
        try:
            found = subprocess.call([newer, "-c", ""], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
        except OSError:
            continue
        if found:
            os.execvp(newer, [newer, "-I", "-S", __file__, *sys.argv[1:]])
    sys.exit(
        "wa: Python 3.11 or newer is needed and this machine has only %d.%d: install a newer one from your system's "
        "packages, for example with 'apt install python3.11 python3.11-venv'." % sys.version_info[:2]
    )

import fcntl
import hashlib
import shutil
import time
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENVS = ROOT / ".venv"
PYTHON = f"py{sys.version_info.major}{sys.version_info.minor}"

SETS = {
    "demo": "demo",
    "package": "demo",
    "simulator": "demo",
    "test": "dev",
    "bench": "dev",
    "requirements": "dev",
    "screens": "dev",
    "texts": "dev",
}
"""Which requirements a command runs on; `production` where it is not named."""

LARGER = ["production", "demo", "dev"]
"""The sets of requirements, each a part of the next."""

UNDEMANDING = {"", "completion", "doctor"}
"""Commands that run in whichever environment is there already (the empty one is `wa` and `wa --help`)."""

MACHINES = {"x86_64", "aarch64", "arm64"}
PIP_OPTIONS = (
    "--require-hashes --no-deps --only-binary :all: --no-compile "
    "--no-input --disable-pip-version-check --progress-bar off"
)
"""The files name all there is: left to look for more, pip stumbles over the `coverage[toml]` a pinned package asks for
as soon as there is a newer one than ours. What is imported is compiled then: all of it takes as long as the rest."""
LOG_LINES = 20


def main(arguments: list[str]) -> NoReturn:
    """Become `python -m cli` with these arguments, in an environment that has what the command needs."""
    completing = "_WA_COMPLETE" in os.environ  # the TAB key: the shell names the words in COMP_WORDS
    words = os.environ.get("COMP_WORDS", "").split()[1:] if completing else arguments
    command = next((word for word in words if not word.startswith("-")), "")
    refusal = unsupported(command)
    if refusal:
        sys.exit(f"wa: {refusal}")
    if not completing and not is_known(command):
        sys.exit(f"wa: there is no command {command!r}: './wa --help' lists them.")
    wanted = SETS.get(command, "production")
    asks_for_help = len(words) <= 2 and words[-1:] in (["--help"], ["-h"])
    undemanding = command in UNDEMANDING or asks_for_help or (completing and command not in SETS)
    candidates = LARGER[LARGER.index(wanted) :] if undemanding else [wanted]
    environment = next((one for one in map(environment_of, candidates) if enter(one)), None)
    if environment is None:
        if completing:
            sys.exit(0)
        environment = make(wanted)
    python = str(environment / "bin" / "python")
    os.execv(python, [python, "-P", "-m", "cli", *arguments])


def is_known(command: str) -> bool:
    """Whether there is such a command, so that a slip of the finger installs nothing first."""
    module = command.replace("-", "_")
    return not command or (module.isidentifier() and os.path.isfile(os.path.join(str(ROOT), "cli", module + ".py")))


def unsupported(command: str) -> str:
    """Why this machine cannot run the command, in a sentence; empty where it can."""
    machine = os.uname().machine
    if machine not in MACHINES:
        return f"the WhatsApp library has no build for {machine}: use a 64-bit x86 or ARM machine."
    if sys.platform == "darwin":
        needs_linux = command in ("demo", "simulator")
        return "the demo needs Linux: run it in a Linux machine or container." if needs_linux else ""
    try:
        glibc = os.confstr("CS_GNU_LIBC_VERSION")
    except (ValueError, OSError):
        glibc = None
    if not glibc:
        return (
            "this system has no glibc (musl, as on Alpine, is not supported by the WhatsApp library): "
            "use Debian, Ubuntu, Fedora or another Linux with glibc."
        )
    return ""


def environment_of(name: str) -> Path:
    """Where the environment for requirements/<name>.txt is, complete or not."""
    covered = hashlib.sha256((ROOT / "requirements" / f"{name}.txt").read_bytes())
    covered.update(f"{sys.platform} {os.uname().machine} {sys.implementation.cache_tag} {ROOT}".encode())
    return VENVS / f"{name}-{PYTHON}-{covered.hexdigest()[:12]}"


def enter(environment: Path) -> bool:
    """Hold a complete environment until this process, and what it becomes, ends; False where there is none."""
    try:
        directory = os.open(environment, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return False
    fcntl.flock(directory, fcntl.LOCK_SH)
    if (environment / "complete").exists() and os.access(environment / "bin" / "python", os.X_OK):
        os.set_inheritable(directory, True)
        return True
    os.close(directory)
    return False


def make(name: str) -> Path:
    """The environment for requirements/<name>.txt, made now unless another start has just made it, and held."""
    environment = environment_of(name)
    try:
        VENVS.mkdir(exist_ok=True)
        with (VENVS / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("Another start is installing; waiting for it.", file=sys.stderr)
                fcntl.flock(lock, fcntl.LOCK_EX)
            if not enter(environment):
                if environment.exists():
                    shutil.rmtree(environment)
                install(name, environment)
                remove_older(environment)
                enter(environment)
    except KeyboardInterrupt:
        sys.exit("\nwa: stopped while installing; the next start begins again.")
    except OSError as error:
        sys.exit(f"wa: {VENVS} could not be written ({error.strerror}): make room, or make it writable for you.")
    return environment


def install(name: str, environment: Path) -> None:
    """Make the environment and install the hashed packages into it, with a live line; ends the program on failure."""
    requirements = ROOT / "requirements" / f"{name}.txt"
    progress = Progress(name, environment, sum("==" in line for line in requirements.read_text().splitlines()))
    create, pip = ways_in(environment)
    with progress.log.open("wb") as output:
        for step in (create, [*pip, "install", *PIP_OPTIONS.split(), "-r", str(requirements)]):
            process = subprocess.Popen(
                step,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                cwd=VENVS,
                env={**os.environ, "PIP_USER": "0"},
            )
            while progress.waiting(process):
                progress.show()
            if process.returncode != 0:
                progress.end()
                print(*progress.text().splitlines()[-LOG_LINES:], sep="\n", file=sys.stderr)
                sys.exit(f"wa: what '{name}' needs could not be installed (see above); the whole log is {progress.log}")
    progress.end()
    packages = next(environment.glob("lib/python*/site-packages"))
    (packages / "whatsapp_vpslink.pth").write_text(f"import sys; sys.path.insert(0, {str(ROOT)!r})\n")
    os.sync()  # after a power cut, `complete` must not stand beside packages that are not
    (environment / "complete").touch()
    progress.log.unlink()


def ways_in(environment: Path) -> tuple[list[str], list[str]]:
    """The command that makes the environment and the command that is its pip, by what this machine has."""
    inside = str(environment / "bin" / "python")
    if runs("-c", "import venv, ensurepip"):
        return [sys.executable, "-I", "-m", "venv", str(environment)], [inside, "-I", "-m", "pip"]
    if runs("-m", "virtualenv", "--version"):
        return [sys.executable, "-m", "virtualenv", str(environment)], [inside, "-I", "-m", "pip"]
    if runs("-m", "pip", "--python", sys.executable, "--version"):
        bare = [sys.executable, "-I", "-m", "venv", "--without-pip", str(environment)]
        return bare, [sys.executable, "-m", "pip", "--python", inside]
    of_system = os.path.realpath("/usr/bin/python3") == os.path.realpath(sys.executable)
    package = "python3-venv" if of_system else f"python3.{sys.version_info.minor}-venv"
    sys.exit(f"wa: this Python lacks venv and pip: install them, for example with 'apt install {package}'.")


def runs(*arguments: str) -> bool:
    """Whether this Python ends well with these arguments."""
    done = subprocess.run([sys.executable, *arguments], cwd=VENVS, capture_output=True, check=False)
    return done.returncode == 0


class Progress:
    """One line about an installation: rewritten on a terminal, said again every 10 s where there is none."""

    def __init__(self, name: str, environment: Path, total: int) -> None:
        self.log = VENVS / f"{environment.name}.log"
        self._name, self._environment, self._total = name, environment, total
        self._started = time.monotonic()
        self._said = -10.0
        self._live = sys.stderr.isatty()

    def text(self) -> str:
        """What pip has said up to now."""
        return self.log.read_text(errors="replace")

    def waiting(self, process: "subprocess.Popen[bytes]") -> bool:
        """Wait a moment for the process: whether it still runs. Interrupted, it waits for the process to end too."""
        try:
            process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            return True
        except KeyboardInterrupt:
            process.wait()
            raise
        return False

    def show(self) -> None:
        """Say how far it is."""
        seconds = time.monotonic() - self._started
        said = self.text()
        if "Installing collected packages" in said:
            installed = len(list(self._environment.glob("lib/python*/site-packages/*.dist-info")))
            state = f"{min(installed, self._total)} of {self._total} packages installed"
        else:
            state = f"{min(said.count('Collecting '), self._total)} of {self._total} packages fetched"
        line = f"Installing what '{self._name}' needs: {state}, {seconds:.0f} s"
        if self._live:
            print(f"\r{line}\033[K", end="", file=sys.stderr, flush=True)
        elif seconds - self._said >= 10:
            self._said = seconds
            print(line, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Say the last state and leave the line."""
        self._said = -10.0
        self.show()
        if self._live:
            print(file=sys.stderr)


def remove_older(environment: Path) -> None:
    """Remove what an earlier version of the same set left, except where a command still runs in it."""
    prefix = environment.name.rpartition("-")[0]
    for other in VENVS.glob(f"{prefix}-*/"):
        if other == environment:
            continue
        directory = os.open(other, os.O_RDONLY)
        try:
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            (other / "complete").unlink(missing_ok=True)
            shutil.rmtree(other)
        finally:
            os.close(directory)


if __name__ == "__main__":
    main(sys.argv[1:])
