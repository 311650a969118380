"""Everything the pages work with, made once when the app is created and found through `parts()`."""

from dataclasses import dataclass

from flask import current_app

from shared.clock import Clock
from shared.settings import WebSettings
from web.asking import Asking
from web.attaching import Attaching
from web.captured import CapturedChats, WrittenBy
from web.contact_alike import Alike
from web.contact_book import ContactBook
from web.contact_changes import ContactChanges
from web.exports import Exports
from web.groups import JoinedGroups
from web.host_watch import HostWatch
from web.imports import Imports
from web.owner import Owner
from web.records import Records
from web.scheduling import Scheduling
from web.series_book import SeriesBook
from web.sessions import Sessions
from web.settings_book import SettingsBook
from web.several import SeveralBook
from web.telling import Host
from web.template_book import TemplateBook
from web.throttle import LoginThrottle
from web.typed_kept import TypedKept

EXTENSION = "vpslink"


@dataclass(frozen=True)
class Parts:
    """One of each."""

    settings_book: SettingsBook
    clock: Clock
    host: Host
    watch: HostWatch
    records: Records
    scheduling: Scheduling
    contact_book: ContactBook
    series_book: SeriesBook
    contact_changes: ContactChanges
    alike: Alike
    imports: Imports
    exports: Exports
    several: SeveralBook
    template_book: TemplateBook
    typed: TypedKept
    asking: Asking
    attaching: Attaching
    captured: CapturedChats
    written_by: WrittenBy
    groups: JoinedGroups
    owner: Owner
    sessions: Sessions
    throttle: LoginThrottle

    @property
    def settings(self) -> WebSettings:
        """The environment's settings, with what the owner has set on the page in their place."""
        return self.settings_book.now().settings


def parts() -> Parts:
    """The parts of the app that answers this request."""
    found: Parts = current_app.extensions[EXTENSION]
    return found
