"""Posts the tick's notices to the owner's address, signed as Standard Webhooks has it.

An address is resolved once and what is connected to is exactly what was checked: public, or listed in ALERT_ALLOW.
Redirects are not followed, and nothing takes longer than five seconds or more than 64 kB.
"""

import json
import logging
import socket
import threading
from collections.abc import Callable
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

import urllib3
from standardwebhooks import Webhook

from shared.model.alarm import Notice
from shared.model.values import print_instant
from shared.settings import AlertSettings

SECONDS = 5.0
MAX_ANSWER = 64_000

log = logging.getLogger("tick")
Address = IPv4Address | IPv6Address
_NAT64 = IPv6Network("64:ff9b::/96")


class NotDelivered(Exception):
    """The notice did not arrive as far as is known; the message says why, without the address's path."""


class Alert:
    """Where notices go. Without ALERT_URL there is nobody to tell."""

    def __init__(self, settings: AlertSettings, account: str, prefix: str) -> None:
        """`account` makes notices of several accounts differ in their id, `prefix` tells a person which it is."""
        self._url = settings.url.get_secret_value()
        self._signing = Webhook(settings.secret.get_secret_value()) if self._url else None
        self._allowed = Allowed(settings.allow)
        self._account, self._prefix = account, prefix

    def tell(self, notice: Notice, now: datetime) -> bool:
        """Whether this needs no telling any more: it arrived, or there is nobody to tell. Takes up to 5 s."""
        signing = self._signing
        if signing is None:
            return True
        try:
            status = within(SECONDS, lambda: self._post(signing, notice, now))
        except NotDelivered as error:
            log.error(json.dumps({"event": "notice-not-delivered", "notice": notice.id, "reason": str(error)}))
            return False
        log.info(json.dumps({"event": "notice-delivered", "notice": notice.id, "status": status}))
        return True

    def _post(self, signing: Webhook, notice: Notice, now: datetime) -> int:
        name = f"{notice.id}-{self._account}"
        body = json.dumps(
            {
                "type": f"alarm.{notice.happening}",
                "timestamp": print_instant(notice.at),
                "data": {
                    "incident": notice.incident,
                    "kind": str(notice.kind),
                    "since": print_instant(notice.since),
                    "sentence": notice.sentence,
                    "account": self._prefix,
                },
            }
        )
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "WhatsApp-VPSLink",
            "webhook-id": name,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signing.sign(msg_id=name, timestamp=now, data=body),
        }
        return post(self._url, body.encode(), headers, self._allowed)


class Allowed:
    """ALERT_ALLOW: hosts by name, addresses and networks that may be private."""

    def __init__(self, listed: str) -> None:
        """Names, addresses and networks with commas between them."""
        self._names: set[str] = set()
        self._networks: list[IPv4Network | IPv6Network] = []
        for each in filter(None, (entry.strip().lower() for entry in listed.split(","))):
            try:
                self._networks.append(ip_network(each))
            except ValueError:
                self._names.add(each)

    def lists(self, host: str, address: Address) -> bool:
        """Whether the owner has listed this host or this address."""
        return host.lower() in self._names or any(address in network for network in self._networks)

    def choose(self, scheme: str, host: str, addresses: list[Address]) -> Address:
        """The first address that may be connected to. http goes to this machine only, where that is listed.

        Raises NotDelivered where there is none.
        """
        for address in addresses:
            listed = self.lists(host, address)
            if scheme == "http" and not (listed and address.is_loopback):
                continue
            if listed or public(address):
                return address
        if scheme == "http":
            raise NotDelivered(f"{host} is asked for over http: use https in ALERT_URL.")
        raise NotDelivered(f"{host} leads to a private address: list it in ALERT_ALLOW if that is meant.")


def public(address: Address) -> bool:
    """Whether this is an address of the open internet, also when it carries another one inside."""
    if isinstance(address, IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inside = IPv4Address(int(address) & 0xFFFFFFFF)
        if inside is not None:
            return public(inside)
        if address.teredo or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast


def post(url: str, body: bytes, headers: dict[str, str], allowed: Allowed) -> int:
    """POST once; the status, which is 2xx. Raises NotDelivered."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = allowed.choose(parts.scheme, host, resolve(host, port))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    timeout = urllib3.Timeout(total=SECONDS)
    with _pool(parts.scheme, host, address, port) as pool:
        try:
            answer = pool.urlopen(
                "POST",
                target,
                body=body,
                headers={**headers, "Host": parts.netloc},
                timeout=timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            answer.read(MAX_ANSWER)  # so that the receiver can finish; what it says is not needed
            answer.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise NotDelivered(f"{host} did not take it ({type(error).__name__}).") from None
    if not 200 <= answer.status < 300:
        raise NotDelivered(f"{host} answered {answer.status}.")
    return answer.status


def resolve(host: str, port: int) -> list[Address]:
    """The addresses of this host, in the order the system prefers. Raises NotDelivered."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotDelivered(f"{host} has no address: is ALERT_URL right?") from None
    return [ip_address(str(each[4][0]).partition("%")[0]) for each in found]


def within(seconds: float, call: Callable[[], int]) -> int:
    """What `call` returns or raises, if it ends in time, whatever it waits for; else NotDelivered."""
    ended: list[int | BaseException] = []

    def run() -> None:
        try:
            ended.append(call())
        except BaseException as error:  # noqa: BLE001  (it is raised again where it is waited for)
            ended.append(error)

    thread = threading.Thread(target=run, name="alert", daemon=True)
    thread.start()
    thread.join(seconds)
    if not ended:
        raise NotDelivered(f"It was not taken within {seconds:g} s.")
    if isinstance(ended[0], BaseException):
        raise ended[0]
    return ended[0]


def _pool(scheme: str, host: str, address: Address, port: int) -> urllib3.HTTPConnectionPool:
    """Connections to this very address; its certificate must be the host's."""
    if scheme == "https":
        return urllib3.HTTPSConnectionPool(
            str(address), port, cert_reqs="CERT_REQUIRED", assert_hostname=host, server_hostname=host
        )
    return urllib3.HTTPConnectionPool(str(address), port)
