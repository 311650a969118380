"""The page's client of the demo: a form that led nowhere is no success."""

import pytest

from cli.page_client import PageClient, PageRefused
from shared.clock import SYSTEM
from tests.fakes.http_host import answering


@pytest.mark.parametrize(("path", "says"), [("/login", "led to /login"), ("/messages/", "led to /messages/")])
def test_a_form_that_led_to_no_message_is_refused(path: str, says: str) -> None:
    with answering(200, b"") as there, answering(303, b"", {"Location": there.url + path}) as page:
        client = PageClient(page.url)
        with pytest.raises(PageRefused, match=says):
            client.schedule(to="447700900001", text="hello", at=SYSTEM.now(), zone="Europe/London")
