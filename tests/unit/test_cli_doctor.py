"""`wa doctor`: what is not well is named, with what to do about it."""

import errno
import http.server
import socket
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import doctor
from cli.main import wa


def by_subject(environment: dict[str, str]) -> dict[str, doctor.Finding]:
    return {finding.subject: finding for finding in doctor.examine(environment)}


def test_a_line_for_each_finding_and_failure_where_something_is_to_do() -> None:
    done = CliRunner().invoke(wa, ["doctor"], env={"DEFAULT_ZONE": "Mars/Olympus"})
    assert done.exit_code == 1
    last = done.stdout.splitlines()[-1]
    assert last.startswith("do  settings: some are wrong. DEFAULT_ZONE is wrong: 'Mars/Olympus' is no time zone")


def test_folders_are_looked_at_where_the_settings_put_them(tmp_path: Path) -> None:
    names = ("HOST_DATA_DIR", "WEB_DATA_DIR", "STORAGE_DIR")
    found = by_subject({name: str(tmp_path / name) for name in names})
    assert [found[name].state for name in names] == [f"{tmp_path / name} is made at the first start" for name in names]


def test_in_the_cloud_the_storage_folder_is_of_no_interest() -> None:
    assert "STORAGE_DIR" not in by_subject(B2)


B2 = {
    "STORAGE_MODE": "s3",
    "B2_BUCKET": "any",
    "B2_S3_ENDPOINT": "s3.us-west-004.backblazeb2.com",
    "B2_ACCESS_KEY_ID": "id",
    "B2_SECRET_ACCESS_KEY": "secret",
}


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"STORAGE_MODE": "s3"}, "B2_BUCKET, B2_S3_ENDPOINT, B2_ACCESS_KEY_ID, B2_SECRET_ACCESS_KEY are not set"),
        (B2 | {"B2_S3_ENDPOINT": "http://store.example"}, "B2_S3_ENDPOINT is http to store.example"),
        ({"HOST_URL": "http://[::1"}, "HOST_URL is wrong"),
        ({"HOST_URL": "http://host.example"}, "HOST_URL is http to host.example"),
        ({"WEB_LANGUAGE": "xx"}, "WEB_LANGUAGE is wrong: 'xx' cannot be read"),
    ],
)
def test_what_a_program_would_refuse_at_its_start_is_wrong(environment: dict[str, str], said: str) -> None:
    found = by_subject(environment)
    assert said in found["settings"].to_do
    assert "WEB_DATA_DIR" not in found


def test_a_folder_below_a_file_or_that_is_one_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    below = doctor.data_folder("STORAGE_DIR", tmp_path / "file" / "below" / "more")
    assert below.to_do == f"{tmp_path / 'file'} is no folder: set STORAGE_DIR to another."
    assert doctor.data_folder("STORAGE_DIR", tmp_path / "file").to_do == "Set STORAGE_DIR to another."


def test_a_folder_that_this_user_may_not_look_into_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "exists", refuse)
    finding = doctor.data_folder("HOST_DATA_DIR", Path("/root/x"))
    assert finding.state == "this user may not look into /root/x (Permission denied)"
    assert "the user that the programs run as" in finding.to_do


def test_a_folder_others_can_look_into_is_to_be_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert doctor.data_folder("HOST_DATA_DIR", tmp_path).to_do == f"Run: chmod 700 {tmp_path}"
    tmp_path.chmod(0o700)
    assert doctor.data_folder("HOST_DATA_DIR", tmp_path).well


def test_secrets_others_can_read_are_to_be_closed(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    assert doctor.secrets_file(file).well
    file.touch(mode=0o644)
    file.chmod(0o644)
    assert doctor.secrets_file(file).to_do == f"Run: chmod 600 {file}"
    file.chmod(0o600)
    assert doctor.secrets_file(file).well


def test_a_free_port_is_well() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert doctor.port(f"127.0.0.1:{port}", "WEB_BIND", "the web page").well


def test_a_port_that_something_else_holds_is_named_with_its_setting() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        address = f"127.0.0.1:{server.getsockname()[1]}"
        threading.Thread(target=hang_up_on_one, args=(server,), daemon=True).start()
        finding = doctor.port(address, "WEB_BIND", "the web page")
    assert f"{address} cannot be used" in finding.state
    assert finding.to_do == "End what uses it, or set WEB_BIND to another."


def hang_up_on_one(server: socket.socket) -> None:
    """Take one connection and close it: something that does not speak HTTP."""
    connection, _ = server.accept()
    connection.close()


@pytest.mark.parametrize(("said", "well"), [(b'{"pong": true}', True), (b"<html>It works!</html>", False)])
def test_a_port_where_our_own_part_answers_is_well(said: bytes, well: bool) -> None:
    class Ping(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Ping) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        finding = doctor.port(f"127.0.0.1:{server.server_port}", "HOST_BIND", "the session host")
    assert finding.well is well
    assert ("the session host runs already" in finding.state) is well


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    assert doctor.disk(tmp_path).subject == "disk"
    assert "GB free" in doctor.disk(tmp_path).state
