"""The language of the page: every text of its own goes through `_`, and what it says in another stands in web/locale.

One installation speaks one language, chosen when its process starts (WEB_LANGUAGE). docs/translating.md says how to
add one. English needs no catalogue: the texts in the code are it.
"""

from collections.abc import Callable
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from jinja2 import Environment

from shared.settings import PageLanguage, SettingsError

LOCALE = Path(__file__).parent / "locale"
DOMAIN = "page"
ENGLISH = "en"


def catalogue(language: str, folder: Path = LOCALE) -> NullTranslations:
    """What each English text is in that language. Raises SettingsError where nobody has translated the page into it."""
    if language == ENGLISH:
        return NullTranslations()
    try:
        with (folder / language / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as compiled:
            return GNUTranslations(compiled)
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(languages(folder))
        raise SettingsError(
            f"WEB_LANGUAGE is wrong: '{language}' cannot be read ({error}); write one of {known}"
        ) from None


def languages(folder: Path = LOCALE) -> list[str]:
    """The languages that the page can speak."""
    return [ENGLISH, *sorted(each.parent.parent.name for each in folder.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"))]


_language = PageLanguage.read().language
_catalogue = catalogue(_language)
TAG = _language.replace("_", "-")
"""The language as documents name it (BCP 47): en, pt-BR."""
_ = _catalogue.gettext
ngettext = _catalogue.ngettext
pgettext = _catalogue.pgettext
npgettext = _catalogue.npgettext


def counted(one: str, many: str) -> Callable[..., str]:
    """A text for any number of things, which is called with it and with what else is filled in.

    >>> counted("One thing stops it.", "{count} things stop it.")(2)
    '2 things stop it.'
    """

    def said(count: int, **filled_in: object) -> str:
        return ngettext(one, many, count).format(count=count, **filled_in)

    return said


def install(environment: Environment) -> None:
    """Give templates `{% trans %}`, `_`, `ngettext` and `pgettext`; white space around their texts is trimmed."""
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    callables = {"gettext": _, "ngettext": ngettext, "pgettext": pgettext, "npgettext": npgettext}
    environment.install_gettext_callables(**callables, newstyle=True)  # type: ignore[attr-defined]  # the extension adds it
    environment.globals["language"] = TAG
