"""Logging in and out, the first run, and what the cookie is like behind a proxy."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.api.web_page import Page, errors, path_of, words

GOOD = "a kettle on the stove"


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(tmp_path)


def test_the_first_login_leads_to_choosing_a_password(page: Page) -> None:
    assert "first-run-password" in page.client.get("/login").text
    assert path_of(page.client.post("/login", data={"password": page.password})) == "/password"
    assert path_of(page.client.post("/password", data={"new": GOOD, "again": GOOD})) == "/"
    assert "Your password is set" in words(page.client.get("/"))
    page.client.post("/logout")
    assert path_of(page.client.get("/")) == "/login"
    assert path_of(page.client.post("/login", data={"password": GOOD})) == "/"


def test_a_program_with_a_form_and_a_cookie_can_log_in(page: Page) -> None:
    answer = page.client.post("/login", data={"password": page.password})
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    assert page.client.get("/").status_code == 200


def test_on_https_the_cookie_is_bound_to_the_host(tmp_path: Path) -> None:
    page = Page(tmp_path, WEB_TRUSTED_PROXIES="1")
    https = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    answer = page.client.post("/login", data={"password": page.password}, headers=https)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-vpslink=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Strict-Transport-Security" in answer.headers


def test_a_proxy_is_believed_only_where_one_stands(page: Page) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    answer = page.client.post("/login", data={"password": page.password}, headers=headers)
    assert "Secure" not in answer.headers["Set-Cookie"]


def test_a_login_makes_a_new_session(page: Page) -> None:
    first = page.client.post("/login", data={"password": page.password}).headers["Set-Cookie"]
    second = page.client.post("/login", data={"password": page.password}).headers["Set-Cookie"]
    assert first.split(";")[0] != second.split(";")[0]
    stranger = page.app.test_client()
    name, _, value = first.split(";")[0].partition("=")
    stranger.set_cookie(name, value)
    assert path_of(stranger.get("/")) == "/login"


def test_a_wrong_password_says_so_and_the_sixth_waits(page: Page) -> None:
    for _ in range(5):
        answer = page.client.post("/login", data={"password": "wrong"})
        assert answer.status_code == 401
        assert errors(answer)["password"] == "That is not the password."
    answer = page.client.post("/login", data={"password": page.password})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 800
    assert "Wait 16 minutes" in errors(answer)["password"] or "Wait 15 minutes" in errors(answer)["password"]
    page.later(timedelta(minutes=16))
    assert page.client.post("/login", data={"password": page.password}).status_code == 303


def test_the_present_password_guards_the_next_one(page: Page) -> None:
    page.enter()
    page.client.post("/password", data={"new": GOOD, "again": GOOD})
    answer = page.client.post(
        "/password", data={"current": "wrong", "new": "another kettle", "again": "another kettle"}
    )
    assert answer.status_code == 422
    assert "present password" in errors(answer)["current"]
    changed = {"current": GOOD, "new": "another kettle", "again": "another kettle"}
    assert page.client.post("/password", data=changed).status_code == 303


def test_two_different_passwords_are_refused(page: Page) -> None:
    page.enter()
    answer = page.client.post("/password", data={"new": GOOD, "again": "something else"})
    assert errors(answer) == {"again": "The two new passwords differ: type the same one twice."}


def test_a_new_password_logs_everybody_else_out(page: Page) -> None:
    page.enter()
    elsewhere = page.app.test_client()
    elsewhere.post("/login", data={"password": page.password})
    page.client.post("/password", data={"new": GOOD, "again": GOOD})
    assert path_of(elsewhere.get("/")) == "/login"
    assert page.client.get("/").status_code == 200


def test_after_logging_in_one_is_where_one_wanted_to_be(page: Page) -> None:
    answer = page.client.get("/contacts?q=ann")
    assert answer.headers["Location"] == "/login?next=/contacts?q%3Dann"
    answer = page.client.post("/login", data={"password": page.password, "next": "/contacts?q=ann"})
    assert answer.headers["Location"] == "/contacts?q=ann"
    page.client.post("/logout")
    answer = page.client.post("/login", data={"password": page.password, "next": "//evil.example/"})
    assert answer.headers["Location"] == "/password"


def test_a_page_left_open_stays_as_it_is_when_the_session_has_ended(page: Page) -> None:
    page.enter()
    page.later(timedelta(days=8))
    answer = page.client.get("/agenda/list", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.data, answer.headers.get("HX-Redirect")) == (401, b"", None)
    assert page.client.get("/live").status_code == 401


@pytest.mark.parametrize(
    ("stood_on", "path", "goes_on"),
    [
        ("http://localhost/compose?to=Alice", "/messages", "/compose?to=Alice"),
        ("http://localhost/messages", "/messages", "/messages"),
        ("http://localhost/nothing", "/messages", "/"),
        ("http://evil.example/contacts", "/messages/one/cancel", "/contacts"),
        ("http://evil.example//evil.example/", "/messages/one/cancel", "/"),
        ("", "/messages/one/cancel", "/"),
    ],
)
def test_what_was_sent_after_the_session_ended_is_said_not_to_be_done(
    page: Page, stood_on: str, path: str, goes_on: str
) -> None:
    page.enter()
    page.later(timedelta(days=8))
    answer = page.client.post(path, data={"text": "Tea?"}, headers={"Referer": stood_on})
    form = page.client.get(answer.headers["Location"]).text
    assert "that was not done" in form
    assert f'name="next" value="{goes_on}"' in form
    again = page.client.post("/login", data={"password": page.password, "next": goes_on})
    assert again.headers["Location"].endswith(goes_on if goes_on != "/" else "/password")


def test_the_theme_is_there_with_the_first_byte(page: Page) -> None:
    page.enter()
    assert '<html lang="en" data-theme="dark">' in page.client.get("/").text
    page.client.post("/settings/theme", data={"theme": "light"})
    assert '<html lang="en" data-theme="light">' in page.client.get("/").text
    page.client.post("/settings/theme", data={"theme": '"><script>'})
    assert '<html lang="en" data-theme="light">' in page.client.get("/").text
