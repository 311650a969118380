"""htmx, as its installed wheel carries it: nothing of it is copied into this project."""

import importlib.resources
from functools import cache
from importlib.metadata import version


@cache
def htmx_version() -> str:
    """The version of the installed wheel."""
    return version("django-js-lib-htmx")


@cache
def htmx_source() -> bytes:
    """The script, minified."""
    return importlib.resources.files("js_lib_htmx").joinpath("static/htmx/htmx.min.js").read_bytes()
