"""A bucket on Backblaze B2, or any S3, through boto3: the only module that knows it.

B2 has no conditional PUT (501), refuses CRC checksum headers that newer boto3 sends by default, and with them the
multi-object delete: none of these is used.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property, partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.exceptions import ConnectionError as CannotConnect
from botocore.loaders import create_loader
from botocore.parsers import ResponseParserError

from shared.clock import SYSTEM, Clock
from shared.store import keys
from shared.store.bucket import Entry, Stored
from shared.store.errors import AccessDenied, NoSpace, NotFound, StoreError, Unreachable

CONNECT_SECONDS = 5
READ_SECONDS = 20
ATTEMPTS = 3
AT_ONCE = 16
"""Requests in flight where many objects are wanted: at 50 ms each, a host that starts reads 300 operations a second."""

HURRIED_SECONDS = 8
HURRIED_ATTEMPTS = 2
LONGEST_RETRY_AFTER = 10.0
"""Seconds we are willing to wait when the store says when to come back; more than that is the next fold's business."""

HURRIED_RETRY_AFTER = 8.0
"""The same of one in a hurry: once, and then it waits HURRIED_SECONDS for the answer."""

_MODELS = create_loader()
"""What S3's operations look like, read from botocore's files once for all clients of this process."""

_PIECE = 1 << 20
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_WRONG_KEY = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSecurity", "Unauthorized", "AuthFailure")
_BUSY = (429, 503)


class Answer(NamedTuple):
    """What the store said to one request of the S3 API, also where it refused.

    status: of HTTP. code, message: the store's own, empty where it did what was asked. body: the answer's fields.
    """

    status: int
    code: str
    message: str
    body: dict[str, Any]


class B2Bucket:
    """Objects below a prefix of one B2 bucket. Entity tags are the store's own."""

    def __init__(
        self,
        *,
        bucket: str,
        prefix: str,
        endpoint: str,
        access_key_id: str,
        secret_access_key: str,
        clock: Clock = SYSTEM,
        page_size: int = 1000,
        hurried: bool = False,
    ) -> None:
        """`endpoint` as Backblaze shows it, with or without https://; nothing is asked of the network yet.

        hurried: give up on one that does not answer within about 17 s instead of a minute.

        Raises StoreError when the endpoint is http beyond this machine, or no address.
        """
        self._bucket, self._prefix, self._clock, self._page_size = bucket, keys.check_base(prefix), clock, page_size
        self._answered: tuple[datetime, float] | None = None
        self._endpoint = _address(endpoint)
        try:
            self._client = _client(self._endpoint, access_key_id, secret_access_key, hurried=hurried)
        except (BotoCoreError, ValueError) as error:
            raise StoreError(f"Storage cannot be opened: {error}. Check B2_S3_ENDPOINT and AWS_ settings.") from error

    @property
    def server_time_offset(self) -> float | None:
        if self._answered is None:
            return None
        there, then = self._answered
        return (there + timedelta(seconds=self._clock.monotonic() - then) - self._clock.now()).total_seconds()

    @property
    def name(self) -> str:
        """The bucket's own, without the prefix."""
        return self._bucket

    @property
    def prefix(self) -> str:
        """What all keys are relative to."""
        return self._prefix

    def ask(self, operation: str, *, anonymously: bool = False, **arguments: Any) -> Answer:
        """One operation of boto3's S3 client on this bucket, for those who probe it or set it up: names are whole, and
        a refusal is an answer. `anonymously`: without the key. Raises StoreError where the store did not answer."""
        client = self._anonymous if anonymously else self._client
        try:
            body = getattr(client, operation)(Bucket=self._bucket, **arguments)
        except ClientError as error:
            return _answer(error.response)
        except (BotoCoreError, ResponseParserError) as error:
            raise Unreachable(f"{_network(error)} Check the network and B2_S3_ENDPOINT.") from error
        return _answer(body)

    @cached_property
    def _anonymous(self) -> Any:
        return _client(self._endpoint, "", "", hurried=True, signature_version=UNSIGNED)

    def get(self, key: str) -> Stored:
        return self._get(key)

    def stream(self, key: str) -> Iterator[bytes]:
        with self._answers(key):
            answer = self._client.get_object(**self._named(key))
            self._note_time(answer)
        with closing(answer["Body"]) as body:
            while True:
                with self._answers(key):
                    piece = body.read(_PIECE)
                if not piece:
                    return
                yield piece

    def get_if_changed(self, key: str, etag: str) -> Stored | None:
        try:
            stored = self._get(key, IfNoneMatch=etag)
        except _NotModified:
            return None
        return None if stored.etag == etag else stored  # a store that ignores the condition

    def get_all(self, keys: Iterable[str]) -> Iterator[tuple[str, Stored]]:
        with ThreadPoolExecutor(AT_ONCE) as threads:
            answers = {threads.submit(self._get, key): key for key in keys}
            try:
                for answer in as_completed(answers):
                    with suppress(NotFound):
                        yield answers[answer], answer.result()
            finally:
                threads.shutdown(cancel_futures=True)

    def put(self, key: str, data: bytes) -> str:
        with self._answers(key):
            answer = self._client.put_object(**self._named(key), Body=data)
            self._note_time(answer)
            return str(answer["ETag"])

    def list(self, prefix: str, after: str = "") -> Iterator[Entry]:
        keys.check_prefix(prefix)
        start = {"StartAfter": self._prefix + after} if after else {}
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket,
            Prefix=self._prefix + prefix,
            PaginationConfig={"PageSize": self._page_size},
            **start,
        )
        with self._answers(prefix):
            for page in pages:
                self._note_time(page)
                for each in page.get("Contents", ()):
                    yield Entry(each["Key"].removeprefix(self._prefix), each["Size"])

    def delete(self, key: str) -> None:
        with self._answers(key):
            self._note_time(self._client.delete_object(**self._named(key)))

    def _get(self, key: str, **condition: str) -> Stored:
        with self._answers(key):
            answer = self._client.get_object(**self._named(key), **condition)
            self._note_time(answer)
            with closing(answer["Body"]) as body:  # as a context manager itself it would skip the check of its length
                return Stored(body.read(), str(answer["ETag"]))

    def _named(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + keys.check(key)}

    @contextmanager
    def _answers(self, key: str) -> Iterator[None]:
        """Turns what boto3 raises into a StoreError with a sentence."""
        try:
            yield
        except ClientError as error:
            self._note_time(error.response)
            raise self._refusal(key, error) from error
        except ParamValidationError as error:
            raise StoreError(f"{self._bucket[:80]!r} is no bucket's name: check B2_BUCKET.") from error
        except (BotoCoreError, ResponseParserError) as error:
            raise Unreachable(f"{_network(error)} Check the network and B2_S3_ENDPOINT; it is tried again.") from error

    def _refusal(self, key: str, error: ClientError) -> Exception:
        details = error.response.get("Error", {})
        code, message = str(details.get("Code", "")), str(details.get("Message", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if status == 304:
            return _NotModified()
        if code == "NoSuchBucket":
            return StoreError(f"There is no bucket {self._bucket}: check B2_BUCKET and B2_S3_ENDPOINT.")
        if code == "NoSuchKey" or status == 404:
            return NotFound(key)
        if "cap exceeded" in message.lower():
            return NoSpace(f"A cap of the storage account is used up: raise it under Caps & Alerts. ({message})")
        if code == "RequestTimeTooSkewed":
            return StoreError("Storage refused the request because this machine's clock is wrong: set the clock.")
        if code in _WRONG_KEY or status == 401:
            return AccessDenied("Invalid S3 credentials: check B2_ACCESS_KEY_ID and B2_SECRET_ACCESS_KEY.")
        if status == 403:
            return AccessDenied(
                f"Storage refused {key}: the key may not do this in bucket {self._bucket}. Check its capabilities, "
                "B2_ACCESS_KEY_ID, B2_BUCKET and B2_PREFIX."
            )
        if status >= 500 or status in (408, 429):
            return Unreachable(
                f"Storage answered with an error of its own at {key} ({status} {code}): it is tried again."
            )
        return StoreError(f"Storage refused {key} ({status} {code}: {message}): check the storage settings.")

    def _note_time(self, answer: Any) -> None:
        """What the store's clock shows, from the Date of its answer (whole seconds)."""
        date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        there = _date(date) if date else None
        if there:
            self._answered = (there, self._clock.monotonic())


def _network(error: Exception) -> str:
    """What is wrong on the way, begun as the old system began it."""
    detail = str(error).rstrip(".")
    if isinstance(error, CannotConnect):
        return f"Network error: cannot connect to S3 ({detail})."
    return f"Network error: no whole answer from S3 ({detail})."


class _NotModified(Exception):
    """304: the object still has the tag."""


def region_of(endpoint: str) -> str:
    """The region in an endpoint's name, else the one every S3 knows.

    >>> region_of("https://s3.us-west-004.backblazeb2.com")
    'us-west-004'
    """
    match = re.match(r"s3[.-]([a-z]{2}(?:-[a-z]+)+-\d+)\.", urlsplit(endpoint).hostname or "")
    return match[1] if match else "us-east-1"


def _address(endpoint: str) -> str:
    address = endpoint if "://" in endpoint else f"https://{endpoint}"
    parts = urlsplit(address)
    if not parts.hostname or parts.scheme not in ("http", "https"):
        raise StoreError(
            f"B2_S3_ENDPOINT is no address: {endpoint[:80]!r}; write it like s3.us-west-004.backblazeb2.com."
        )
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise StoreError(f"B2_S3_ENDPOINT is http to {parts.hostname}: use https, or messages are readable on the way.")
    return address


def _answer(parsed: dict[str, Any]) -> Answer:
    error = parsed.get("Error", {})
    status = parsed.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return Answer(int(status), str(error.get("Code", "")), str(error.get("Message", "")), parsed)


def _client(
    endpoint: str, access_key_id: str, secret_access_key: str, *, hurried: bool, signature_version: Any = "s3v4"
) -> Any:
    attempts = HURRIED_ATTEMPTS if hurried else ATTEMPTS
    core = botocore.session.get_session()
    core.register_component("data_loader", _MODELS)
    client = boto3.session.Session(botocore_session=core).client(
        "s3",
        endpoint_url=endpoint,
        region_name=region_of(endpoint),
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        config=Config(
            signature_version=signature_version,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            connect_timeout=CONNECT_SECONDS,
            read_timeout=HURRIED_SECONDS if hurried else READ_SECONDS,
            max_pool_connections=AT_ONCE + 4,
            retries={"mode": "standard", "total_max_attempts": attempts},
            s3={"addressing_style": "path", "payload_signing_enabled": True},
        ),
    )
    # botocore knows only Amazon's own header for this; the first answer that is not None decides about a retry.
    longest = HURRIED_RETRY_AFTER if hurried else LONGEST_RETRY_AFTER
    respect = partial(_respect_retry_after, most=attempts, longest=longest)
    client.meta.events.register_first("needs-retry.s3", respect)
    client.meta.events.register("before-sign.s3.PutBucketLifecycleConfiguration", _digest_instead_of_crc)
    return client


def _respect_retry_after(
    response: Any = None, attempts: int = 1, *, most: int, longest: float, **_: Any
) -> float | None:
    """Seconds until the next attempt where the store named them, as B2 does with 503; None leaves it to botocore.

    Of `most` attempts, and not longer than `longest`.
    """
    if response is None or attempts >= most:
        return None
    http, _parsed = response
    seconds = http.headers.get("retry-after", "")
    if http.status_code not in _BUSY or not re.fullmatch(r"\d{1,6}", seconds):
        return None
    return float(seconds) if float(seconds) <= longest else None


def _digest_instead_of_crc(request: Any, **_: Any) -> None:
    """This operation must carry a checksum; B2 refuses the CRC that boto3 chooses, every store knows Content-MD5."""
    for name in [name for name in request.headers if name.lower().startswith(("x-amz-checksum-", "x-amz-sdk-"))]:
        del request.headers[name]
    digest = hashlib.md5(request.body, usedforsecurity=False).digest()
    request.headers["Content-MD5"] = b64encode(digest).decode()


def _date(text: str) -> datetime | None:
    """The instant in a Date header; None for a proxy's nonsense, then the offset stays what it was."""
    try:
        there = parsedate_to_datetime(text)
    except ValueError:
        return None
    return there if there.tzinfo else None
