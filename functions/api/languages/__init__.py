"""The languages of the page. What it says is looked up by its English words.

`<code>.json` holds maps from English to that language: `page` for what the server writes, `script`
for what the page's scripts say, `fields` for usual names of fields, `export` for what exported
files say besides; and `faults` from the codes of errors and reasons, whose English sentences come
from the core. `{name}` stands for what is put in.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, cast

import flask
from markupsafe import Markup, escape

from core.wording import Wording


@dataclass(frozen=True)
class Language:
    """`name` is what its own speakers call it."""

    code: str
    name: str
    direction: Literal["ltr", "rtl"]


LANGUAGES = {
    "en": Language("en", "English", "ltr"),
    "ar": Language("ar", "العربية", "rtl"),
}


def language() -> Language:
    """The language of the current request: the one that was chosen, else the browser's."""
    chosen = flask.request.cookies.get("language")
    # By the first part alone: whoever reads the Arabic of Egypt reads Arabic.
    accepted = (tag.partition("-")[0].lower() for tag in flask.request.accept_languages.values())
    preferred = next((code for code in accepted if code in LANGUAGES), "en")
    return LANGUAGES[chosen if chosen in LANGUAGES else preferred]


def other(language: Language) -> Language:
    return LANGUAGES["ar" if language.code == "en" else "en"]


def say(english: str, **values: object) -> Markup:
    """`english` in the language of the request, with `values` in their places, escaped."""
    said = _catalogue(language().code)["page"].get(english, english)
    return escape(said).format(**values) if values else escape(said)


def field(name: str) -> str:
    """A field's usual name (`Invoice number`) in the language of the request."""
    return _catalogue(language().code)["fields"].get(name, name)


def wording(language: Language) -> Wording:
    """How exported files say what they say in this language."""
    catalogue = _catalogue(language.code)
    words = {**catalogue["page"], **catalogue["fields"], **catalogue["export"]}
    return Wording(language.code, language.direction == "rtl", words, catalogue["faults"])


def fault(code: str) -> str | None:
    """What the code of an error or reason says; None where its own English sentence is to be shown.

    It may hold `{message}`, for that sentence, and `{rule}`, for the rule that is broken.
    """
    return _catalogue(language().code)["faults"].get(code)


def script_words(language: Language) -> Markup:
    """What the scripts say in this language, and faults as `fault:<code>`, as JSON."""
    catalogue = _catalogue(language.code)
    faults = {f"fault:{code}": said for code, said in catalogue["faults"].items()}
    words = {**catalogue["script"], **faults}
    # Inside a page, "</script>" would end it.
    text = json.dumps(words, ensure_ascii=False).replace("<", "\\u003c")
    return Markup(text)  # nosec B704  # of our own words, and escaped


@cache
def _catalogue(code: str) -> Mapping[str, Mapping[str, str]]:
    if code == "en":
        return {part: {} for part in ("page", "script", "fields", "faults", "export")}
    text = files(__name__).joinpath(f"{code}.json").read_text(encoding="utf-8")
    return cast(Mapping[str, Mapping[str, str]], json.loads(text))
