"""Which country a number is from, in words: the names are the time zone database's, which is pinned here anyway."""

import importlib.resources
from functools import cache, lru_cache

import phonenumbers


@lru_cache(maxsize=20_000)
def country_of(number: str) -> str:
    """The country of a number in digits with country code; empty where it is none, or one of no country (+800).

    >>> country_of("447700900001")
    'United Kingdom'
    """
    try:
        parsed = phonenumbers.parse(f"+{number}", None)
    except phonenumbers.NumberParseException:
        return ""
    region = phonenumbers.region_code_for_number(parsed)  # none for what nobody has been given yet
    region = region or phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    return names().get(region, "")


@cache
def names() -> dict[str, str]:
    """Each country's name by its two letters."""
    table = importlib.resources.files("tzdata").joinpath("zoneinfo/iso3166.tab").read_text(encoding="utf-8")
    pairs = (line.split("\t", 1) for line in table.splitlines() if line and not line.startswith("#"))
    return {code: _FULLER.get(code, name) for code, name in pairs}


_FULLER = {"GB": "United Kingdom", "US": "United States", "KR": "South Korea", "KP": "North Korea"}
"""Where that table is terser than people are."""
