"""The session host under gunicorn: `gunicorn -c python:session_host.gunicorn_conf 'session_host.app:create()'`."""

from typing import NoReturn

from flask import Flask

from session_host import contract
from session_host.api import Api
from session_host.contract import Contract
from session_host.database import LedgerError
from session_host.folder_lock import FolderInUse
from session_host.host import Host
from session_host.media_api import MediaApi
from session_host.public import Public
from session_host.token_api import TokenApi
from session_host.whatsapp import WhatsAppLink
from shared import starting
from shared.clock import SYSTEM
from shared.logs import configure
from shared.settings import HostPace, HostSettings, LogSettings, SettingsError, StorageSettings
from shared.store.errors import StoreError
from shared.store.opening import open_bucket

EXTENSION = "session_host"


def create() -> Flask:
    """The app around a real link, from the environment. Where it cannot start, it says why and ends the process."""
    try:
        configure(LogSettings.read())
        settings = HostSettings.read()
        bucket = open_bucket(StorageSettings.read())
        link = WhatsAppLink(settings.data_dir, SYSTEM)
        host = Host(settings, bucket, link, SYSTEM, HostPace.read().pace)
    except (SettingsError, StoreError, FolderInUse, LedgerError, OSError) as error:
        refuse_to_start(error)
    return build(host)


def build(host: Host) -> Flask:
    """The app around a host that exists; `host_of` finds it again."""
    app = Flask(__name__, static_folder=None)
    app.url_map.strict_slashes = False
    contract.install(app)
    routes = Contract("api", host.tokens)
    Public(host, routes)
    MediaApi(host, routes)
    TokenApi(host.tokens, routes)
    app.register_blueprint(Api(host, routes).blueprint)
    app.extensions[EXTENSION] = host
    return app


def host_of(app: Flask) -> Host:
    """The host behind an app that `build` made."""
    host = app.extensions[EXTENSION]
    if not isinstance(host, Host):
        raise TypeError("this app has no session host")
    return host


def refuse_to_start(error: Exception) -> NoReturn:
    """Say in one sentence why the session host cannot start, and end for good."""
    starting.refuse_to_start("The session host", error)
