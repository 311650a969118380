"""WhatsApp's protobuf messages, taken from the neonize wheel without loading neonize's Go library.

neonize itself puts its `proto` folder on `sys.path`; doing the same here spares this process 90 MB and the Go runtime.
"""

import importlib
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any


class NeonizeMissing(RuntimeError):
    """neonize is not installed here; install requirements/dev.txt."""


def package_folder() -> Path:
    """The folder of the installed neonize package, found without importing it; raises NeonizeMissing."""
    spec = find_spec("neonize")
    if spec is None or not spec.submodule_search_locations:
        raise NeonizeMissing("neonize is not installed in this environment; install requirements/dev.txt.")
    return Path(next(iter(spec.submodule_search_locations)))


def _load(module: str) -> Any:
    folder = str(package_folder() / "proto")
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(module)


actions: Any = _load("waSyncAction.WAWebProtobufSyncAction_pb2")
adv: Any = _load("waAdv.WAAdv_pb2")
cert: Any = _load("waCert.WACert_pb2")
e2e: Any = _load("waE2E.WAWebProtobufsE2E_pb2")
history: Any = _load("waHistorySync.WAWebProtobufsHistorySync_pb2")
neonize: Any = _load("Neonize_pb2")
sync: Any = _load("waServerSync.WAWebProtobufsServerSync_pb2")
wa6: Any = _load("waWa6.WAWebProtobufsWa6_pb2")
