"""Stores on loopback that speak S3, each as a process of its own: what they do differs, what we promise must not."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from cli.processes import Supervisor, answers
from shared.store.b2 import B2Bucket
from tests.contract.b2_like import B2Like

KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "secretsecretsecretsecretsecretsecretsecr"
STORES = ("moto", "ministack", "rclone")
"""Plain moto; ministack; `rclone serve s3`, which takes conditional writes and ignores the condition."""


class Store:
    """One that runs, with an empty bucket."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.bucket().ask("create_bucket")

    def bucket(self, prefix: str = "", **changes: object) -> B2Bucket:
        """Our own bucket, pointed here."""
        return B2Like.at(self.endpoint, prefix, access_key_id=KEY_ID, secret_access_key=SECRET, **changes)


@contextlib.contextmanager
def running_store(name: str, folder: Path) -> Iterator[Store]:
    """The store of this name with its files in `folder`; ended at the end."""
    (folder / "files").mkdir(parents=True)
    beside = Path(sys.executable).parent
    with Supervisor() as supervisor:
        port = supervisor.free_port(41900)
        argv, settings = {
            "moto": ([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], {}),
            "ministack": (
                [str(beside / "ministack")],
                {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "SERVICES": "s3", "HOME": str(folder)},
            ),
            "rclone": (
                [
                    str(beside / "rclone"),
                    *f"serve s3 --addr=127.0.0.1:{port} --auth-key={KEY_ID},{SECRET} --config= --quiet".split(),
                    str(folder / "files"),
                ],
                {},
            ),
        }[name]
        child = supervisor.start(name, argv, env=os.environ | settings, log=folder / f"{name}.log")
        supervisor.wait_ready(child, answers(f"http://127.0.0.1:{port}/"), 60)
        yield Store(f"http://127.0.0.1:{port}")
