"""A server in the place of AWS, moto inside, with the secrets that an owner keeps there."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import boto3
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

REGION = "eu-central-1"
SECRET = "whatsapp/tick"
PARAMETER = "/whatsapp/tick"


class Amazon:
    """One account. `variables`: what Lambda's runtime would set, and what leads here."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.variables = {
            "AWS_ACCESS_KEY_ID": "the-roles-own",
            "AWS_SECRET_ACCESS_KEY": "the-roles-own",
            "AWS_SESSION_TOKEN": "the-roles-own",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": endpoint,
            "AWS_ENDPOINT_URL_SSM": endpoint,
        }
        owner = boto3.session.Session(aws_access_key_id="owner", aws_secret_access_key="owner", region_name=REGION)
        self._manager = owner.client("secretsmanager", endpoint_url=endpoint)
        self._systems = owner.client("ssm", endpoint_url=endpoint)

    def keep(self, secrets: Mapping[str, object] | str) -> None:
        """In both places, as docs/cloud.md has the owner do it."""
        text = secrets if isinstance(secrets, str) else json.dumps(secrets)
        self._systems.put_parameter(Name=PARAMETER, Type="SecureString", Value=text, Overwrite=True)
        try:
            self._manager.create_secret(Name=SECRET, SecretString=text)
        except self._manager.exceptions.ResourceExistsException:
            self._manager.put_secret_value(SecretId=SECRET, SecretString=text)

    def keep_bytes(self, name: str, data: bytes) -> None:
        """A secret that is no text."""
        self._manager.create_secret(Name=name, SecretBinary=data)

    def forget(self) -> None:
        """The parameter is gone."""
        self._systems.delete_parameter(Name=PARAMETER)


@contextmanager
def amazon_here() -> Iterator[Amazon]:
    """An account that is on this machine until the block ends."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        yield Amazon(f"http://127.0.0.1:{server.get_host_and_port()[1]}")
    finally:
        server.stop()
