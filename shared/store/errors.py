"""What can go wrong with the bucket: is it permanent, is it certain, and one sentence for people on what to do."""


class StoreError(Exception):
    """The storage did not do what was asked; the message says what happened and what to do.

    permanent: trying again will not help. certain: it is certain that nothing was written.
    """

    permanent = False
    certain = True


class NotFound(StoreError):
    """There is no such object."""

    permanent = True

    def __init__(self, key: str) -> None:
        super().__init__(f"No {key} found in the bucket.")


class AccessDenied(StoreError):
    """The storage refused the key, or the folder."""

    permanent = True


class BadKey(StoreError):
    """No object can have this name."""

    permanent = True


class NoSpace(StoreError):
    """The disk, or a quota, is full."""


class Unreachable(StoreError):
    """The storage could not be reached, or answered with an error of its own; a write may still have happened."""

    certain = False


class FoldTooSlow(StoreError):
    """The fold took so long that what it read may be stale: nothing was written, the next one starts afresh."""


class Unreadable(StoreError):
    """An object is there but is not what it should be (truncated, hand-edited)."""

    permanent = True


class CutShort(Unreadable):
    """What came of the object is not as long as it is listed: the way was bad, the object may be fine."""

    permanent = False

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} did not come back whole: it is read again.")


class NewerVersion(Unreadable):
    """An object was written by a newer version of this project: it is left alone."""
