"""`wa bucket` as a person runs it: against a store like B2, a directory, and settings that lead nowhere."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import cli.bucket
from cli.bucket_probe import Finding, Probe
from cli.main import wa
from shared.store.errors import Unreachable
from tests.contract.b2_like import BUCKET, B2Like


@pytest.fixture
def b2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[B2Like]:
    """A store like B2 that the settings lead to."""
    monkeypatch.setattr(cli.bucket, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    with B2Like() as running:
        running.keep_versions()
        for name, value in B2Like.settings(running.endpoint).items():
            monkeypatch.setenv(name, value)
        yield running


def run(*arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(wa, ["bucket", *arguments], input=answer)


def test_a_check_says_each_thing_and_what_it_means(b2: B2Like) -> None:
    result = run("check")
    assert result.exit_code == 0, result.output
    assert "write only what is new: refused: 501 NotImplemented\n      As with Backblaze B2" in result.output
    assert "note  old versions: are kept for ever\n" in result.output
    assert "Wrong: none." in result.output


def test_a_check_as_json_has_the_same_findings(b2: B2Like) -> None:
    found = json.loads(run("check", "--json").output)
    assert {each["verdict"] for each in found} == {"well", "note"}
    assert set(found[0]) == {"subject", "verdict", "seen", "means"}


def test_what_is_wrong_is_an_exit_status(b2: B2Like, monkeypatch: pytest.MonkeyPatch) -> None:
    b2.open_to_strangers = True
    result = run("check")
    assert result.exit_code == 1
    assert "WRONG people without a key: can list and write" in result.output
    assert "Wrong: 1." in result.output
    monkeypatch.setenv("B2_SECRET_ACCESS_KEY", "wrong")
    monkeypatch.setenv("B2_ACCESS_KEY_ID", "004nobody")
    refused = run("check")
    assert refused.exit_code == 1
    assert "Invalid S3 credentials: check B2_ACCESS_KEY_ID" in refused.output
    assert "nobody" not in refused.output


def test_the_rule_is_set_after_a_yes_and_not_again(b2: B2Like) -> None:
    declined = run("init", answer="n\n")
    assert declined.exit_code == 1
    assert not [each for each in b2.seen if each.method == "PUT" and "lifecycle" in each.path]
    result = run("init", "--days", "9", answer="y\n")
    assert result.exit_code == 0, result.output
    assert "The rule is set, and was read back." in result.output
    assert f"b2 key create --bucket {BUCKET} --name-prefix whatsapp/" in result.output
    assert "are deleted after 9 days already" in run("init", "--days", "9").output
    assert "old versions: are deleted after 9 days" in run("check").output


def test_a_refused_rule_says_how_to_set_it_by_hand(b2: B2Like, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("B2_ACCESS_KEY_ID", "004nobody")
    result = run("init", "--yes")
    assert result.exit_code == 1
    assert "writeBuckets" in result.output
    assert "Lifecycle Settings" in result.output


def test_a_store_that_stops_to_answer_is_the_last_finding(b2: B2Like, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Probe) -> Finding:
        raise Unreachable("Storage could not be reached.")

    monkeypatch.setattr(Probe, "checksums", broken)
    result = run("check", "--json")
    assert result.exit_code == 1
    assert json.loads(result.output)[-1]["seen"] == "Storage could not be reached."


def test_a_directory_is_tried_and_needs_no_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.bucket, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STORAGE_MODE", raising=False)
    monkeypatch.setenv("STORAGE_DIR", str(tmp_path / "bucket"))
    checked = run("check")
    assert (checked.exit_code, "Tried: 5. Wrong: none." in checked.output) == (0, True)
    assert "keeps no versions" in run("init").output


def test_settings_that_lead_nowhere_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cli.bucket, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORAGE_MODE", "s3")
    for command in ("check", "init"):
        result = run(command)
        assert result.exit_code == 1
        assert "B2_BUCKET, B2_S3_ENDPOINT" in result.output
