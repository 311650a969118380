"""Makes the page: `gunicorn -c python:web.gunicorn_conf 'web.app:start()'`."""

import sqlite3
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Flask

from shared.clock import SYSTEM, Clock
from shared.host_client import HostClient, HostError
from shared.settings import HostAddress, SettingsError, StorageMode, StorageSettings, WebSettings
from shared.starting import refuse_to_start
from shared.store.bucket import Bucket
from shared.store.errors import StoreError
from shared.store.media import MediaStore
from shared.store.opening import open_bucket
from shared.store.oplog import Writer
from shared.store.owner_settings import SettingsStore
from shared.store.templates import Templates
from web import door, rendering, security
from web.asking import Asking
from web.attaching import Attaching
from web.captured import CapturedChats, WrittenBy
from web.contact_alike import Alike
from web.contact_book import ContactBook
from web.contact_changes import ContactChanges
from web.exports import Exports
from web.foreseen import ForeseeingView
from web.groups import JoinedGroups
from web.host_watch import HostWatch
from web.imports import Imports
from web.local import LocalState
from web.owner import Owner
from web.pages import (
    agenda,
    assets,
    attachments,
    chats,
    contacts,
    insights,
    link,
    live,
    login,
    messages,
    send_now,
    series,
    settings,
    several,
    shell,
    templates,
    tokens,
    undo_edit,
)
from web.parts import EXTENSION, Parts
from web.records import Records
from web.scheduling import Scheduling
from web.series_book import SeriesBook
from web.sessions import Sessions
from web.settings_book import SettingsBook
from web.several import SeveralBook
from web.telling import Host, Telling
from web.template_book import TemplateBook
from web.throttle import LoginThrottle
from web.typed_kept import TypedKept

LARGEST_REQUEST = 4_000_000
"""Bytes: 65,536 characters outside the Latin alphabet, as a form encodes them, and to spare."""


class PageApp(Flask):
    """Flask, but for its log line of an exception: web.rendering writes one without the address, which may be a chat's
    and so somebody's number."""

    def log_exception(self, exc_info: Any) -> None:
        """Nothing; see above."""


def start() -> Flask:
    """The page as the environment describes it. Where it cannot start, it says why and ends the process."""
    try:
        return create()
    except (SettingsError, StoreError, HostError, sqlite3.Error, OSError) as error:
        refuse_to_start("The web page", error)


def create(
    environment: Mapping[str, str] | None = None,
    *,
    bucket: Bucket | None = None,
    host: Host | None = None,
    clock: Clock = SYSTEM,
    app: Flask | None = None,
) -> Flask:
    """The page as the environment describes it. Raises SettingsError, StoreError, HostError,
    sqlite3.Error, OSError.

    `app`: one of `addresses` that nobody uses any more; making one costs most of the time.
    """
    web_settings = WebSettings.read(environment)
    storage = StorageSettings.read(environment)
    parts = _parts(
        web_settings,
        bucket or open_bucket(storage),
        host or HostClient(HostAddress.read(environment)),
        clock,
        patience=timedelta(seconds=0 if storage.mode is StorageMode.LOCAL else 30),
    )
    app = app or addresses(web_settings.trusted_proxies)
    app.extensions[EXTENSION] = parts
    return app


def addresses(trusted_proxies: int = 0) -> Flask:
    """Every address of the page, and nothing behind them yet."""
    app = PageApp(__name__, static_folder=None)
    app.request_class = attachments.PageRequest
    app.config.update(MAX_CONTENT_LENGTH=LARGEST_REQUEST, MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST)
    for page in (
        agenda,
        assets,
        attachments,
        chats,
        contacts,
        insights,
        link,
        live,
        login,
        messages,
        send_now,
        series,
        settings,
        several,
        shell,
        templates,
        tokens,
        undo_edit,
    ):
        app.register_blueprint(page.page)
    door.guard(app)
    rendering.prepare(app)
    security.believe_proxies(app, trusted_proxies)
    return app


def _parts(settings: WebSettings, bucket: Bucket, host: Host, clock: Clock, patience: timedelta) -> Parts:
    state = LocalState(settings.data_dir)
    writer, view = Writer(bucket, "web", clock=clock), ForeseeingView(bucket)
    telling = Telling(host, clock, timedelta(seconds=settings.handover_seconds))
    changes = ContactChanges(writer, view, telling, state, clock)
    captured = CapturedChats(host)
    return Parts(
        settings_book=SettingsBook(
            SettingsStore(bucket), settings, writer.reserve, telling, state, clock, max(1.0, patience.total_seconds())
        ),
        clock=clock,
        host=host,
        watch=HostWatch(host, clock),
        records=Records(view, clock, patience),
        scheduling=Scheduling(writer, view, telling, state, clock),
        contact_book=ContactBook(writer, view, telling, clock),
        series_book=SeriesBook(writer, view, telling, state, clock),
        contact_changes=changes,
        alike=Alike(state, clock),
        imports=Imports(changes, view, state, clock),
        exports=Exports(state, clock),
        several=SeveralBook(writer, view, telling, state, clock),
        template_book=TemplateBook(Templates(bucket), writer.reserve, clock),
        typed=TypedKept(state, clock),
        asking=Asking(host),
        attaching=Attaching(MediaStore(bucket), state, clock),
        captured=captured,
        written_by=WrittenBy(captured, clock),
        groups=JoinedGroups(host, clock),
        owner=Owner(settings.data_dir),
        sessions=Sessions(state),
        throttle=LoginThrottle(state),
    )
