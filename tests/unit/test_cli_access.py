"""`wa token` and `wa password`: who may use the host and the page, decided on the server itself."""

import errno
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner, Result

from cli.main import COMMANDS, wa
from cli.processes import Supervisor
from cli.token import SCOPES
from session_host import tokens
from session_host.tokens import Tokens
from shared.model.access import Scope
from tests.api.web_page import Page


def run(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(wa, arguments, input=answer)


def refuse(*_arguments: object, **_named: object) -> NoReturn:
    """What the kernel says to a user who may not."""
    raise PermissionError(errno.EACCES, "Permission denied")


def test_a_running_host_that_may_not_look_at_its_tokens_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(tokens.TokenError, match="run it as the user"):
        Tokens(tmp_path).bearer("wa_any")


def test_up_as_another_user_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Supervisor() as free:
        ports = {"HOST_BIND": f"127.0.0.1:{free.free_port(42300)}", "WEB_BIND": f"127.0.0.1:{free.free_port(42400)}"}
    monkeypatch.setattr(tokens, "_alone", refuse_tokens)
    done = CliRunner().invoke(wa, ["up", "--data", str(tmp_path)], env=ports)
    assert done.exit_code == 1
    assert "Error: run it as another user" in done.stderr


def refuse_tokens(_folder: Path) -> NoReturn:
    raise tokens.TokenError("run it as another user")


class TestToken:
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("HOST_DATA_DIR", str(tmp_path / "host"))
        return tmp_path / "host"

    def test_a_new_token_is_printed_alone_and_opens_the_host(self, folder: Path) -> None:
        done = run("token", "create", "shop", "--scope", "send", "--scope", "read", "--scope", "send")
        assert done.exit_code == 0
        assert "cannot be shown again" in done.stderr
        bearer = Tokens(folder).bearer(done.stdout.removesuffix("\n"))
        assert bearer == ("shop", frozenset({Scope.SEND, Scope.READ}))
        assert done.stdout.strip() not in (folder / tokens.FILE).read_text()

    def test_the_list_shows_names_and_scopes_and_no_secret(self) -> None:
        text = run("token", "create", "shop", "--scope", "send", "--scope", "manage").stdout.strip()
        shown = run("token", "list").stdout
        assert shown.split() == ["shop", "send,", "manage"]
        assert text not in shown

    def test_an_empty_list_says_how_to_begin(self) -> None:
        assert "wa token create" in run("token", "list").stderr

    def test_a_name_is_not_given_twice_by_mistake(self, folder: Path) -> None:
        first = run("token", "create", "shop", "--scope", "send").stdout.strip()
        done = run("token", "create", "shop", "--scope", "read")
        assert done.exit_code == 1
        assert "--replace" in done.output
        assert Tokens(folder).bearer(first) is not None
        second = run("token", "create", "shop", "--scope", "read", "--replace").stdout.strip()
        assert Tokens(folder).bearer(first) is None
        assert Tokens(folder).bearer(second) is not None

    def test_a_revoked_token_opens_nothing(self, folder: Path) -> None:
        text = run("token", "create", "shop", "--scope", "send").stdout.strip()
        assert run("token", "revoke", "shop").exit_code == 0
        assert Tokens(folder).bearer(text) is None
        again = run("token", "revoke", "shop")
        assert (again.exit_code, "There is no token 'shop'" in again.output) == (1, True)

    @pytest.mark.parametrize("arguments", [["create", "shop"], ["create", "shop", "--scope", "all"], ["create"]])
    def test_what_is_left_out_or_unknown_is_said(self, arguments: list[str]) -> None:
        assert run("token", *arguments).exit_code == 2

    def test_a_name_that_is_none_and_a_damaged_file_are_said(self, folder: Path) -> None:
        assert "A token needs a name" in run("token", "create", "a name", "--scope", "send").output
        folder.mkdir(exist_ok=True)
        (folder / tokens.FILE).write_text("{")
        for arguments in (["list"], ["revoke", "x"], ["create", "x", "--scope", "send"]):
            assert "cannot be read" in run("token", *arguments).output

    @pytest.mark.parametrize("arguments", [["list"], ["revoke", "shop"], ["create", "other", "--scope", "send"]])
    def test_another_user_is_told_so_and_never_to_remove_the_tokens(
        self, arguments: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run("token", "create", "shop", "--scope", "send")
        monkeypatch.setattr(Path, "read_bytes", refuse)
        done = run("token", *arguments)
        assert done.exit_code == 1
        assert "run it as the user that the session host runs as" in done.stderr
        assert "remove" not in done.stderr

    @pytest.mark.parametrize("arguments", [["list"], ["create", "shop", "--scope", "send"]])
    def test_a_folder_below_a_file_is_said(
        self, arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setenv("HOST_DATA_DIR", str(tmp_path / "file" / "host"))
        done = run("token", *arguments)
        assert done.exit_code == 1
        assert "(Not a directory): is HOST_DATA_DIR right?" in done.stderr
        assert "remove" not in done.stderr

    def test_every_scope_can_be_given(self) -> None:
        assert tuple(Scope) == SCOPES


class TestPassword:
    @pytest.fixture
    def page(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
        """A running page whose owner has chosen a password and is logged in."""
        monkeypatch.setenv("WEB_DATA_DIR", str(tmp_path))
        page = Page(tmp_path).enter()
        chosen = {"current": page.password, "new": "a kettle and a cat", "again": "a kettle and a cat"}
        assert page.client.post("/password", data=chosen).status_code == 303
        return page

    def test_the_old_one_ends_the_new_one_opens_and_everybody_is_logged_out(self, page: Page) -> None:
        done = run("password", "--yes")
        assert done.exit_code == 0
        assert page.client.get("/").status_code == 303
        assert page.client.post("/login", data={"password": "a kettle and a cat"}).status_code != 303
        assert done.stdout.strip() == page.password
        page.enter()
        assert (page.folder / "first-run-password").stat().st_mode & 0o777 == 0o600

    def test_it_asks_first(self, page: Page) -> None:
        assert run("password", answer="n\n").exit_code == 1
        assert page.client.get("/settings").status_code == 200

    def test_before_the_first_start_it_makes_the_first_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WEB_DATA_DIR", str(tmp_path / "new"))
        done = run("password", "--yes")
        assert done.stdout.strip() == Page(tmp_path / "new").password


def test_the_first_lines_of_the_help_say_what_they_do() -> None:
    for name in ("token", "password"):
        assert COMMANDS[name] in run(name, "--help").output
