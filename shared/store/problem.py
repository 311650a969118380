"""What is wrong with what the bucket holds, in sentences for people: names and ids, never what somebody wrote."""

from enum import StrEnum
from typing import NamedTuple


class Weight(StrEnum):
    """How long a problem is said, and to whom."""

    LASTS = "lasts"
    """It is so until somebody deals with it: said at each look, and an alarm."""
    GRAVE = "grave"
    """It has happened and was put right, but is an alarm for a while: a person should look whether anything is lost."""
    NEWS = "news"
    """It has happened and was put right, or something that lasts will say it again."""


class Problem(NamedTuple):
    """One of them."""

    sentence: str
    weight: Weight = Weight.NEWS
