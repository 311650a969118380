"""The merged template: linted, transformed as AWS does, and created as a stack on a stand-in for AWS."""

import copy
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from cli.bundle import Bundle

pytestmark = [
    pytest.mark.registry,
    pytest.mark.slow,
    # It makes no alarms, no subscription and no EventInvokeConfig: those are read in the transformed template.
    pytest.mark.filterwarnings("ignore:Tried to parse AWS.* not supported by moto:UserWarning"),
]

GIVEN = {
    "HostUrl": "https://host.example",
    "StorageBucket": "whatsapp",
    "StorageEndpoint": "s3.us-west-004.backblazeb2.com",
    "SecretsParameter": "/whatsapp/tick",
    "AlarmEmail": "olive@example.com",
}
"""What a person gives."""

REGION = "us-east-1"
Template = dict[str, Any]


@pytest.fixture(scope="module")
def merged(workshop: Path) -> Template:
    return Bundle(workshop / "arm64" / "out", "arm64").document()


@pytest.fixture(scope="module")
def transformed(merged: Template) -> Template:
    """As AWS transforms it once `aws cloudformation package` has uploaded the zip."""
    template = copy.deepcopy(merged)
    template["Resources"]["Tick"]["Properties"]["CodeUri"] = "s3://deployment-bucket/deployment.zip"
    session = boto3.session.Session(region_name=REGION)
    made = Translator({}, Parser(), boto_session=session).translate(template, parameter_values=dict(GIVEN))
    return dict(json.loads(json.dumps(made)))


def of_type(template: Template, kind: str) -> list[Template]:
    return [each for each in template["Resources"].values() if each["Type"] == kind]


def test_no_linter_finds_anything(arm64: Bundle) -> None:
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--regions", REGION, "--", str(arm64.template)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_there_is_one_function_as_chalice_was_told(merged: Template) -> None:
    [function] = of_type(merged, "AWS::Serverless::Function")
    properties = function["Properties"]
    assert properties["Architectures"] == ["arm64"]
    assert properties["Runtime"] == f"python3.{sys.version_info.minor}"
    assert (properties["Timeout"], properties["MemorySize"], properties["Handler"]) == (50, 256, "app.tick")


def test_there_is_no_api_and_no_secret_but_by_name(transformed: Template) -> None:
    assert not [each["Type"] for each in transformed["Resources"].values() if "Api" in each["Type"]]
    [function] = of_type(transformed, "AWS::Lambda::Function")
    assert set(function["Properties"]["Environment"]["Variables"]) == {
        "B2_BUCKET", "B2_PREFIX", "B2_S3_ENDPOINT", "HOST_URL", "SECRETS_NAME", "SECRETS_PARAMETER", "STORAGE_MODE",
    }  # fmt: skip


def test_a_failed_invocation_is_not_repeated_and_an_old_one_not_begun(transformed: Template) -> None:
    [configured] = of_type(transformed, "AWS::Lambda::EventInvokeConfig")
    properties = configured["Properties"]
    assert properties["FunctionName"] == {"Ref": "Tick"}
    assert (properties["MaximumRetryAttempts"], properties["MaximumEventAgeInSeconds"]) == (0, 60)
    [rule] = of_type(transformed, "AWS::Events::Rule")
    [target] = rule["Properties"]["Targets"]
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}


def test_errors_and_missing_invocations_alarm_to_the_topic(transformed: Template) -> None:
    alarms = {
        each["Properties"]["MetricName"]: each["Properties"] for each in of_type(transformed, "AWS::CloudWatch::Alarm")
    }
    assert alarms.keys() == {"Errors", "Invocations"}
    topic = [{"Fn::If": ["OwnTopic", {"Ref": "Alarms"}, {"Ref": "AlarmTopic"}]}]
    for alarm in alarms.values():
        assert (alarm["AlarmActions"], alarm["OKActions"]) == (topic, topic)
        assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": "Tick"}}]
        assert (alarm["Namespace"], alarm["Period"], alarm["Threshold"]) == ("AWS/Lambda", 60, 1)
    errors, missing = alarms["Errors"], alarms["Invocations"]
    assert (errors["ComparisonOperator"], errors["TreatMissingData"]) == (
        "GreaterThanOrEqualToThreshold",
        "notBreaching",
    )
    assert (missing["ComparisonOperator"], missing["TreatMissingData"]) == ("LessThanThreshold", "breaching")


def test_the_alarms_are_mailed_to_the_address_that_was_given(transformed: Template) -> None:
    [mail] = of_type(transformed, "AWS::SNS::Subscription")
    assert mail["Condition"] == "Mails"
    assert mail["Properties"] == {"Protocol": "email", "TopicArn": {"Ref": "Alarms"}, "Endpoint": {"Ref": "AlarmEmail"}}


def test_the_role_may_write_its_own_log_and_read_the_one_secret(transformed: Template) -> None:
    [role] = of_type(transformed, "AWS::IAM::Role")
    properties = role["Properties"]
    assert "ManagedPolicyArns" not in properties
    [policy] = properties["Policies"]
    own = "arn:${AWS::Partition}:%s:${AWS::Region}:${AWS::AccountId}:%s"
    statements = [each.get("Fn::If", [None, each])[1] for each in policy["PolicyDocument"]["Statement"]]
    assert [(each["Action"], each["Resource"]["Fn::Sub"]) for each in statements] == [
        (["logs:CreateLogStream", "logs:PutLogEvents"], own % ("logs", "log-group:${TickLogGroup}:*")),
        ("secretsmanager:GetSecretValue", own % ("secretsmanager", "secret:${SecretsName}-??????")),
        ("ssm:GetParameter", own % ("ssm", "parameter${SecretsParameter}")),
    ]


def test_the_log_is_kept_for_two_weeks_and_is_where_the_function_writes(transformed: Template) -> None:
    [group] = of_type(transformed, "AWS::Logs::LogGroup")
    assert group["Properties"]["RetentionInDays"] == 14
    [function] = of_type(transformed, "AWS::Lambda::Function")
    assert function["Properties"]["LoggingConfig"] == {"LogGroup": {"Ref": "TickLogGroup"}}


@pytest.fixture
def amazon(arm64: Bundle, monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.session.Session]:
    """An account with the zip in its deployment bucket; it is all in this process."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        session = boto3.session.Session(region_name=REGION)
        store = session.client("s3")
        store.create_bucket(Bucket="deployment-bucket")
        store.put_object(Bucket="deployment-bucket", Key="deployment.zip", Body=arm64.zip.read_bytes())
        yield session


def create(session: boto3.session.Session, template: Template, given: Mapping[str, str]) -> None:
    """The stack, as `aws cloudformation deploy` makes it."""
    stacks = session.client("cloudformation")
    parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()]
    stacks.create_stack(StackName="whatsapp-tick", TemplateBody=json.dumps(template), Parameters=parameters)
    [stack] = stacks.describe_stacks(StackName="whatsapp-tick")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"


def topics(session: boto3.session.Session) -> list[str]:
    return [each["TopicArn"] for each in session.client("sns").list_topics()["Topics"]]


def test_as_a_stack_the_function_is_called_each_minute(amazon: boto3.session.Session, transformed: Template) -> None:
    create(amazon, transformed, GIVEN)
    [function] = amazon.client("lambda").list_functions()["Functions"]
    assert function["Environment"]["Variables"]["SECRETS_PARAMETER"] == "/whatsapp/tick"
    events = amazon.client("events")
    [rule] = events.list_rules()["Rules"]
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(1 minute)", "ENABLED")
    [target] = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"] == function["FunctionArn"]


def test_as_a_stack_it_has_a_topic_for_its_alarms(amazon: boto3.session.Session, transformed: Template) -> None:
    create(amazon, transformed, GIVEN)
    assert len(topics(amazon)) == 1


def test_a_topic_of_ones_own_is_used_in_place_of_a_new_one(
    amazon: boto3.session.Session, transformed: Template
) -> None:
    own = amazon.client("sns").create_topic(Name="mine")["TopicArn"]
    given = {name: value for name, value in GIVEN.items() if name != "AlarmEmail"} | {"AlarmTopic": own}
    create(amazon, transformed, given)
    assert topics(amazon) == [own]


def test_as_a_paused_stack_the_function_is_not_called(amazon: boto3.session.Session, transformed: Template) -> None:
    create(amazon, transformed, {**GIVEN, "Schedule": "DISABLED"})
    [rule] = amazon.client("events").list_rules()["Rules"]
    assert rule["State"] == "DISABLED"
