"""What a bucket needs once: a rule that ends old versions, and a key that reaches no further than the prefix."""

from typing import Any, NamedTuple

from cli.bucket_probe import expires_old
from shared.store.b2 import Answer, B2Bucket
from shared.store.errors import StoreError

CAPABILITIES = ("listFiles", "readFiles", "writeFiles", "deleteFiles")
"""Of a Backblaze application key: what this project uses."""

NO_RULES = ("NoSuchLifecycleConfiguration", "NoSuchLifecycle")


class NoVersions(Exception):
    """The store keeps no old versions at all."""


class Plan(NamedTuple):
    """The rules as they are to be, ours last, and whether that is a change. `kept`: how many of them are not ours."""

    rules: list[dict[str, Any]]
    changes: bool
    kept: int


def rule(prefix: str, days: int) -> dict[str, Any]:
    """The lifecycle rule of one account: what was overwritten or deleted below its prefix ends after so many days."""
    return {
        "ID": f"whatsapp-vpslink old versions of {prefix or 'all'}",
        "Status": "Enabled",
        "Filter": {"Prefix": prefix},
        "NoncurrentVersionExpiration": {"NoncurrentDays": days},
        "Expiration": {"ExpiredObjectDeleteMarker": True},
    }


def plan(bucket: B2Bucket, days: int) -> Plan:
    """What to set, keeping everybody else's rules.

    Raises NoVersions, StoreError where the rules cannot be read: they are written all at once.
    """
    if bucket.ask("list_object_versions", MaxKeys=1).status == 501:
        raise NoVersions(f"The store of {bucket.name} knows no versions: nothing is kept, and no rule is needed.")
    answer = bucket.ask("get_bucket_lifecycle_configuration")
    if answer.status >= 300 and answer.code not in NO_RULES:
        raise StoreError(_refused(bucket, answer, "tell its lifecycle rules"))
    present = answer.body.get("Rules", []) if answer.status < 300 else []
    ours = rule(bucket.prefix, days)
    others = [each for each in present if each.get("ID") != ours["ID"]]
    same = any(_ends(each, bucket.prefix, days) for each in present)
    return Plan([*others, ours], changes=not same, kept=len(others))


def apply(bucket: B2Bucket, planned: Plan) -> None:
    """Set the rules and read them back. Raises StoreError where the store refuses, or did not keep them."""
    answer = bucket.ask("put_bucket_lifecycle_configuration", LifecycleConfiguration={"Rules": planned.rules})
    if answer.status in (400, 501):  # not every store knows the marker's own end
        ours = {name: value for name, value in planned.rules[-1].items() if name != "Expiration"}
        rules = [*planned.rules[:-1], ours]
        answer = bucket.ask("put_bucket_lifecycle_configuration", LifecycleConfiguration={"Rules": rules})
    if answer.status >= 300:
        raise StoreError(_refused(bucket, answer, "set lifecycle rules"))
    kept = bucket.ask("get_bucket_lifecycle_configuration").body.get("Rules", [])
    if not any(expires_old(each, bucket.prefix) for each in kept) or len(kept) < len(planned.rules):
        raise StoreError(f"The store took the rules of {bucket.name} and did not keep them: set them on its own page.")


def by_hand(bucket: B2Bucket, days: int) -> str:
    """How to set the same rule on Backblaze's page."""
    return (
        f"On Backblaze's page: Buckets, {bucket.name}, Lifecycle Settings, Use custom lifecycle rules; file path "
        f"{bucket.prefix or '(empty)'}, days till hide (empty), days till delete {days}."
    )


def limited_key(bucket: B2Bucket) -> str:
    """How to make a key that opens this account's prefix and nothing else."""
    prefix = bucket.prefix
    beyond = (
        f"  On Backblaze's page: App Keys, Add a New Application Key; allow access to {bucket.name}, type of access "
        f"Read and Write, file name prefix {prefix}.\n"
        f"  With its command line: b2 key create --bucket {bucket.name} --name-prefix {prefix} whatsapp-vpslink "
        f"{','.join(CAPABILITIES)}\n"
        "  Put the new key into B2_ACCESS_KEY_ID and B2_SECRET_ACCESS_KEY, here and where the tick runs, and keep the "
        "master key away from the server: the limited one cannot set these rules, and needs not to."
    )
    return (
        beyond if prefix else "  B2_PREFIX is empty: set it (whatsapp/ is usual), so that a key can be limited to it."
    )


def _ends(present: dict[str, Any], prefix: str, days: int) -> bool:
    return expires_old(present, prefix) and present["NoncurrentVersionExpiration"]["NoncurrentDays"] == days


def _refused(bucket: B2Bucket, answer: Answer, what: str) -> str:
    if answer.status == 403:
        return (
            f"This key may not {what} of bucket {bucket.name}: use a key with readBuckets and writeBuckets (the master "
            "key) for this one command."
        )
    return f"The store does not {what} ({answer.status} {answer.code}: {answer.message[:200]})."
