"""What a bucket needs once: a rule that ends old versions, and a key that reaches no further than the prefix."""

from typing import Any, NamedTuple

from cli.bucket_probe import expires_old
from shared.store.b2 import Answer, B2Bucket
from shared.store.errors import StoreError

CAPABILITIES = ("listFiles", "readFiles", "writeFiles", "deleteFiles")
"""Of a Backblaze application key: what this project uses."""

BESIDE = ("TransitionDefaultMinimumObjectSize",)
"""What a store keeps with the rules."""

NO_RULES = ("NoSuchLifecycleConfiguration", "NoSuchLifecycle")


class NoVersions(Exception):
    """The store keeps no old versions at all."""


class Plan(NamedTuple):
    """The rules as they are to be, ours last, and whether that is a change.

    kept: how many of them are not ours. sooner: days after which one of those ends old versions earlier than ours.
    beside: what else the store keeps with the rules, to be given back as it was.
    """

    rules: list[dict[str, Any]]
    changes: bool
    kept: int
    sooner: int | None
    beside: dict[str, Any]


def rule(prefix: str, days: int) -> dict[str, Any]:
    """The lifecycle rule of one account: what was overwritten or deleted below its prefix ends after so many days."""
    return {
        "ID": f"whatsapp-vpslink old versions of {prefix}",
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
    others = [each for each in present if not _is_ours(each, ours)]
    mine = [each for each in present if _is_ours(each, ours)]
    same = [_days(each) for each in mine if expires_old(each, bucket.prefix)] == [days]
    sooner = min((_days(each) for each in others if expires_old(each, bucket.prefix)), default=days)
    beside = {name: answer.body[name] for name in BESIDE if name in answer.body}
    return Plan([*others, ours], not same, len(others), sooner if sooner < days else None, beside)


def apply(bucket: B2Bucket, planned: Plan) -> None:
    """Set the rules and read them back. Raises StoreError where the store refuses, or did not keep them."""
    answer = _put(bucket, planned, planned.rules)
    if answer.status in (400, 501):  # not every store knows the marker's own end
        ours = {name: value for name, value in planned.rules[-1].items() if name != "Expiration"}
        answer = _put(bucket, planned, [*planned.rules[:-1], ours])
    if answer.status >= 300:
        raise StoreError(_refused(bucket, answer, "set lifecycle rules"))
    kept = bucket.ask("get_bucket_lifecycle_configuration").body.get("Rules", [])
    if not any(expires_old(each, bucket.prefix) for each in kept) or len(kept) < len(planned.rules):
        raise StoreError(f"The store took the rules of {bucket.name} and did not keep them: set them on its own page.")


def by_hand(bucket: B2Bucket, days: int) -> str:
    """How to set the same rule on Backblaze's page."""
    return (
        f"On Backblaze's page: Buckets, {bucket.name}, Lifecycle Settings, Use custom lifecycle rules; file path "
        f"{bucket.prefix}, days till hide (empty), days till delete {days}."
    )


def limited_key(bucket: B2Bucket) -> str:
    """How to make a key that opens this account's prefix and nothing else."""
    return (
        f"  On Backblaze's page: App Keys, Add a New Application Key; allow access to {bucket.name}, type of access "
        f"Read and Write, file name prefix {bucket.prefix}.\n"
        f"  With its command line: b2 key create --bucket {bucket.name} --name-prefix {bucket.prefix} whatsapp-vpslink "
        f"{','.join(CAPABILITIES)}\n"
        "  Put the new key into B2_ACCESS_KEY_ID and B2_SECRET_ACCESS_KEY, here and where the tick runs, and keep the "
        "master key away from the server: the limited one cannot set these rules, and needs not to."
    )


def _put(bucket: B2Bucket, planned: Plan, rules: list[dict[str, Any]]) -> Answer:
    return bucket.ask("put_bucket_lifecycle_configuration", LifecycleConfiguration={"Rules": rules}, **planned.beside)


def _is_ours(present: dict[str, Any], ours: dict[str, Any]) -> bool:
    """By its name; where a store keeps no names, by saying nothing but what ours says."""
    if present.get("ID") == ours["ID"]:
        return True
    covers = present.get("Filter", {"Prefix": present.get("Prefix")})
    ends = present.get("Expiration", {})
    nothing_else = present.keys() <= {*ours, "Prefix"} and ends.keys() <= ours["Expiration"].keys()
    return bool(covers == ours["Filter"] and nothing_else and _days(present))


def _days(present: dict[str, Any]) -> int:
    """After how many days old versions end by this rule; 0 where it says nothing of the kind."""
    return int(present.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays", 0))


def _refused(bucket: B2Bucket, answer: Answer, what: str) -> str:
    if answer.status == 403:
        return (
            f"This key may not {what} of bucket {bucket.name}: use a key with readBuckets and writeBuckets (the master "
            "key) for this one command."
        )
    return f"The store does not {what} ({answer.status} {answer.code}: {answer.message[:200]})."
