"""Everything the pages work with, made once when the app is created and found through `parts()`."""

from dataclasses import dataclass

from flask import current_app

from shared.clock import Clock
from shared.settings import WebSettings
from web.asking import Asking
from web.captured import CapturedChats
from web.chat_names import GroupNames
from web.contact_book import ContactBook
from web.host_watch import HostWatch
from web.owner import Owner
from web.records import Records
from web.scheduling import Scheduling
from web.series_book import SeriesBook
from web.sessions import Sessions
from web.telling import Host
from web.throttle import LoginThrottle

EXTENSION = "vpslink"


@dataclass(frozen=True)
class Parts:
    """One of each."""

    settings: WebSettings
    clock: Clock
    host: Host
    watch: HostWatch
    records: Records
    scheduling: Scheduling
    contact_book: ContactBook
    series_book: SeriesBook
    asking: Asking
    captured: CapturedChats
    groups: GroupNames
    owner: Owner
    sessions: Sessions
    throttle: LoginThrottle


def parts() -> Parts:
    """The parts of the app that answers this request."""
    found: Parts = current_app.extensions[EXTENSION]
    return found
