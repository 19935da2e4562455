"""The regular expressions of templates: whoever writes one needn't think of how long it takes."""

import re
from collections.abc import Callable
from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, core_schema

_MEANS_ELSE = re.compile(r"[*+?}]\+|&&|--|~~|\[\[|\\[<>]")
"""What Rust's engine takes for something other than Python's does."""


def fits(pattern: str, text: str) -> bool:
    """Whether `text`, a line, is of the form `pattern`, all of it, as Python understands that."""
    return _matcher(pattern)(text)


@lru_cache(maxsize=1024)
def _matcher(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    # Python's engine tries one way after the other: `([A-Z]+ ?)+` takes minutes for a name of 30
    # letters with a dot behind it, and no other thread runs meanwhile. Rust's, which Pydantic has,
    # takes a time that grows with the text. It knows no lookaround and no backreferences.
    if not _MEANS_ELSE.search(pattern):
        whole = core_schema.str_schema(pattern=f"^(?:{pattern})$", regex_engine="rust-regex")
        try:
            return SchemaValidator(whole).isinstance_python
        except SchemaError:
            pass
    return lambda text: compiled.fullmatch(text) is not None
