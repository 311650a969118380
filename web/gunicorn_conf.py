"""How gunicorn serves the page: one process with threads; state that must be shared is on disk, so more may run."""

from importlib import import_module
from typing import Any

from shared.host_client import HostClient, HostError
from shared.logs import configure
from shared.settings import HostAddress, LogSettings, SettingsError, StorageSettings, WebSettings
from shared.starting import refuse_to_start

try:
    bind = WebSettings.read().bind
    import_module("web.language")  # takes its texts from the catalogue of WEB_LANGUAGE, or says what is wrong with it
except SettingsError as error:
    refuse_to_start("The web page", error)
worker_class = "gthread"
workers = 1
threads = 16
timeout = 60
graceful_timeout = 5
keepalive = 5
worker_tmp_dir = None
control_socket_disable = True
forwarded_allow_ips = ""  # web.security.believe_proxies decides whom to believe
accesslog = None  # addresses carry names and numbers that were searched for
errorlog = "-"
loglevel = "warning"


def on_starting(_: Any) -> None:
    """Before anything is bound: say in a sentence which setting is wrong."""
    try:
        StorageSettings.read()
        LogSettings.read()
        HostClient(HostAddress.read())
    except (SettingsError, HostError) as error:
        refuse_to_start("The web page", error)


def post_fork(_: Any, __: Any) -> None:
    """Before the page is loaded: its first log line looks like all others."""
    configure(LogSettings.read())
