"""What docs/cloud.md says of the stack is what the template has, and what the stack is given is looked at."""

import json
import re
from typing import Any

import pytest
import yaml

from cli import ROOT
from shared.kept_secrets import KeptSecrets

PAGE = (ROOT / "docs" / "cloud.md").read_text(encoding="utf-8")


class Tolerant(yaml.SafeLoader):  # type: ignore[misc]  # it ships no types
    """Reads !Ref and its like as what stands behind them."""


def _behind(loader: yaml.SafeLoader, _tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


Tolerant.add_multi_constructor("!", _behind)
TEMPLATE = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), Tolerant)  # noqa: S506  (a SafeLoader)
CONFIG = json.loads((ROOT / "chalice_app" / ".chalice" / "config.json").read_text(encoding="utf-8"))


def rows(title: str) -> list[list[str]]:
    """The cells of the table whose first column has this title."""
    table = PAGE.partition(f"| {title} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table]


def test_the_parameters_are_the_stacks_with_their_defaults() -> None:
    documented = {row[0].strip("`"): row[1].strip("`") for row in rows("parameter")}
    assert documented == {name: each.get("Default", "") or "none" for name, each in TEMPLATE["Parameters"].items()}


@pytest.mark.parametrize(
    ("parameter", "value", "taken"),
    [
        ("HostUrl", "https://host.example", True),
        ("HostUrl", "https://host.example:8443/", True),
        ("HostUrl", "http://host.example", False),
        ("HostUrl", "https://host.example/path", False),
        ("StorageEndpoint", "s3.us-west-004.backblazeb2.com", True),
        ("StorageEndpoint", "https://s3.us-west-004.backblazeb2.com", True),
        ("StorageEndpoint", "http://s3.us-west-004.backblazeb2.com", False),
        ("StoragePrefix", "", False),
        ("StoragePrefix", "accounts/olive/", True),
        ("StoragePrefix", "whatsapp", False),
        ("StoragePrefix", "../", False),
        ("SecretsParameter", "", True),
        ("SecretsParameter", "/whatsapp/tick", True),
        ("SecretsParameter", "whatsapp/tick", False),
        ("SecretsParameter", "/whatsapp/*", False),
        ("SecretsName", "whatsapp/tick", True),
        ("SecretsName", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:x", False),
        ("SecretsName", "*", False),
        ("AlarmTopic", "arn:aws:sns:eu-central-1:123456789012:mine", True),
        ("AlarmTopic", "mine", False),
    ],
)
def test_a_parameter_that_cannot_work_is_refused_by_the_stack(parameter: str, value: str, taken: bool) -> None:
    assert bool(re.search(TEMPLATE["Parameters"][parameter]["AllowedPattern"], value)) is taken


def test_the_alarms_are_the_stacks() -> None:
    alarms = {name for name, each in TEMPLATE["Resources"].items() if each.get("Type") == "AWS::CloudWatch::Alarm"}
    assert {row[0].strip("`") for row in rows("alarm")} == alarms


def test_the_secrets_are_the_ones_that_are_read() -> None:
    assert re.findall(r"`([A-Z0-9_]+)`", " ".join(row[0] for row in rows("key"))) == KeptSecrets.names()


def test_the_figures_are_the_functions() -> None:
    assert f"({CONFIG['lambda_architecture']}, {CONFIG['lambda_memory_size']} MB, {CONFIG['lambda_timeout']} s)" in PAGE
    assert f"a log kept for {CONFIG['log_retention_in_days']} days" in PAGE


def test_only_the_local_stage_has_a_route_of_its_own() -> None:
    assert CONFIG["stages"].keys() == {"local", "dev", "prod"}
    routed = {name for name, each in CONFIG["stages"].items() if "TICK_ROUTE" in each["environment_variables"]}
    assert routed == {"local"}
