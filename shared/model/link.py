"""The states of the WhatsApp connection: each a code, a sentence, and what the person should do."""

from enum import StrEnum

from shared.model.sentence import said
from shared.model.values import Instant, Told


class Link(StrEnum):
    """Codes for the page, /health and the tick's answer."""

    STARTING = "starting"
    STANDBY = "standby"
    UNLINKED = "unlinked"
    PAIRING = "pairing"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    CATCHING_UP = "catching-up"
    PHONE_SILENT = "phone-silent"
    RECONNECTING = "reconnecting"
    REPLACED = "replaced"
    LOGGED_OUT = "logged-out"
    BANNED = "banned"
    OUTDATED = "outdated"
    NEEDS_PASSKEY = "needs-passkey"
    STUCK = "stuck"
    STOPPED = "stopped"

    @property
    def sends(self) -> bool:
        """Whether a message may be begun in this state."""
        return self in (Link.CONNECTED, Link.CATCHING_UP, Link.PHONE_SILENT)

    @property
    def on_its_way(self) -> bool:
        """Whether it is about to connect, by itself or with the scan it waits for: no reason to be alarmed."""
        return self in (Link.STARTING, Link.STANDBY, Link.PAIRING, Link.CONNECTING, Link.RECONNECTING)


SENTENCES: dict[Link, tuple[str, str]] = {
    Link.STARTING: (said("The session host is starting."), said("Nothing: this takes a few seconds.")),
    Link.STANDBY: (
        said("Another session host may lead this account, so this one stays off WhatsApp."),
        said("Nothing if it is to take over: it connects once it leads."),
    ),
    Link.UNLINKED: (said("No WhatsApp account is linked."), said("Open Link and scan the QR code with your phone.")),
    Link.PAIRING: (
        said("Waiting for your phone to scan the QR code."),
        said("On your phone: Settings, Linked devices, Link a device."),
    ),
    Link.CONNECTING: (said("Connecting to WhatsApp."), said("Nothing: this takes a few seconds.")),
    Link.CONNECTED: (said("Connected to WhatsApp."), said("Nothing.")),
    Link.CATCHING_UP: (said("Connected; reading what came in while away."), said("Nothing: this takes a moment.")),
    Link.PHONE_SILENT: (
        said("Connected, but your phone has not been seen for twelve days."),
        said("Open WhatsApp on your phone: once it was offline for fourteen days, WhatsApp unlinks this device."),
    ),
    Link.RECONNECTING: (
        said("The connection to WhatsApp was lost; trying again."),
        said("Check the server's network if this lasts."),
    ),
    Link.REPLACED: (
        said("Another program took over this linked device."),
        said("Stop the other program, then restart this host."),
    ),
    Link.LOGGED_OUT: (
        said("The phone has unlinked this device."),
        said("Open Link and scan the QR code again; messages wait."),
    ),
    Link.BANNED: (
        said("WhatsApp has banned this account."),
        said("Wait until the ban ends, or ask for a review in WhatsApp on the phone; messages wait."),
    ),
    Link.OUTDATED: (
        said("WhatsApp no longer accepts this client version."),
        said("Update WhatsApp-VPSLink; messages wait."),
    ),
    Link.NEEDS_PASSKEY: (
        said("This account asks for a passkey to link a device, which is not supported."),
        said(
            "Turn off the passkey on the phone (Settings, Account, Passkeys), then ask for a new code; messages wait."
        ),
    ),
    Link.STUCK: (
        said("WhatsApp does not answer; the connection is being replaced."),
        said("Nothing; look at the log if this lasts."),
    ),
    Link.STOPPED: (said("The session host is stopping."), said("Start it again if this was not meant.")),
}


class LinkStatus(Told):
    """The connection as people and programs are told of it: never a bare flag.

    next_try: while it is connecting or reconnecting, when it is tried anew at the latest (aware UTC).
    """

    state: Link
    sentence: str
    action: str
    since: Instant
    detail: str | None = None
    next_try: Instant | None = None

    @property
    def sends(self) -> bool:
        """Whether a message may be begun now."""
        return self.state.sends


STILL_CONNECTING = (
    said("WhatsApp could not be reached yet; trying again."),
    said("Check the server's network if this lasts."),
)


def describe(state: Link, since: Instant, detail: str | None = None) -> LinkStatus:
    """The state with its sentence and what to do; connecting with a detail is connecting again after a failure."""
    sentence, action = STILL_CONNECTING if detail and state is Link.CONNECTING else SENTENCES[state]
    return LinkStatus(state=state, sentence=sentence, action=action, since=since, detail=detail)
