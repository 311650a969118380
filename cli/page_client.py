"""The web page for a program: logs in and schedules through the real form, as a browser without JavaScript does."""

import http.cookiejar
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime
from zoneinfo import ZoneInfo

SECONDS = 15.0


class PageRefused(Exception):
    """The page did not take what was entered; the message quotes what it said."""


class PageClient:
    """One logged-in owner. Raises PageRefused."""

    def __init__(self, address: str) -> None:
        """`address` like http://127.0.0.1:3000."""
        self._address = address.rstrip("/")
        self._jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))

    def log_in(self, password: str) -> dict[str, str]:
        """Open a session with the owner's password; its cookies, for a browser that is to be this owner's too."""
        where = self._post("/login", {"password": password})
        if urllib.parse.urlsplit(where).path == "/login":
            raise PageRefused("The page did not accept the password.")
        return {cookie.name: cookie.value or "" for cookie in self._jar}

    def choose_password(self, new: str) -> None:
        """In place of the first-run password."""
        where = self._post("/password", {"new": new, "again": new})
        if urllib.parse.urlsplit(where).path == "/password":
            raise PageRefused("The page did not take the new password.")

    def add_contact(self, name: str, number: str) -> None:
        """Fill in and send the form for a new contact; `number` in digits with country code."""
        where = self._post("/contacts", {"name": name, "number": f"+{number}"})
        if urllib.parse.urlsplit(where).path != "/contacts":
            raise PageRefused(f"The page took the contact's form but led to {where}.")

    def schedule(self, *, to: str, text: str, at: datetime, zone: str) -> str:
        """Fill in and send the compose form; the new message's id. `at` is an aware instant, to the second."""
        wall = at.astimezone(ZoneInfo(zone))
        fields = {"to": to, "text": text, "date": f"{wall:%Y-%m-%d}", "time": f"{wall:%H:%M:%S}", "zone": zone}
        where = urllib.parse.urlsplit(self._post("/messages", fields)).path
        before, found, message_id = where.rpartition("/messages/")
        if before or not found or not message_id:
            raise PageRefused(f"The page took the form but led to {where}, where no message is.")
        return urllib.parse.unquote(message_id)

    def _post(self, path: str, fields: dict[str, str]) -> str:
        """Where the answer led."""
        request = urllib.request.Request(  # noqa: S310  (the address is this machine's own page)
            self._address + path,
            data=urllib.parse.urlencode(fields).encode(),
            headers={"Origin": self._address, "Sec-Fetch-Site": "same-origin"},
        )
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                return str(answer.url)
        except urllib.error.HTTPError as error:
            raise PageRefused(f"The page answered {error.code} to {path}.") from None
        except OSError as error:
            raise PageRefused(f"The page at {self._address} does not answer: {error}") from None
