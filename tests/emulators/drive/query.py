"""The `q` parameter of files.list, as strict as the reference: what it doesn't name is a 400.

https://developers.google.com/workspace/drive/api/guides/ref-search-terms
"""

import operator
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from .errors import ApiError

File = dict[str, Any]
Predicate = Callable[[File], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>'(?:[^'\\]|\\['\\])*')|(?P<word>[A-Za-z][\w.]*)|(?P<sign>[()]|[<>!]?=|[<>]))"""
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OPERATORS = {
    "name": {"contains", "=", "!="},
    "mimeType": {"contains", "=", "!="},
    "modifiedTime": {"<=", "<", "=", "!=", ">", ">="},
    "createdTime": {"<=", "<", "=", "!=", ">", ">="},
    "trashed": {"=", "!="},
    "shortcutDetails.targetId": {"=", "!="},
}


def parse(text: str) -> tuple[Predicate, set[str]]:
    """What `text` asks of a file, and the folders that it names."""
    parser = _Parser(text)
    predicate = parser.disjunction()
    parser.end()
    return predicate, parser.folders


class _Parser:
    def __init__(self, text: str) -> None:
        self.folders: set[str] = set()
        self._tokens: list[tuple[str, str]] = []
        at, text = 0, text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if not match:
                raise _invalid(f"cannot be read at {text[at:]!r}")
            kind = str(match.lastgroup)
            self._tokens.append((kind, match[kind]))
            at = match.end()

    def disjunction(self) -> Predicate:
        terms = [self._conjunction()]
        while self._accept("or"):
            terms.append(self._conjunction())
        return lambda file: any(term(file) for term in terms)

    def end(self) -> None:
        if self._tokens:
            raise _invalid(f"{self._tokens[0][1]!r} is not expected")

    def _conjunction(self) -> Predicate:
        terms = [self._negation()]
        while self._accept("and"):
            terms.append(self._negation())
        return lambda file: all(term(file) for term in terms)

    def _negation(self) -> Predicate:
        if self._accept("not"):
            term = self._negation()
            return lambda file: not term(file)
        if self._accept("("):
            term = self.disjunction()
            self._expect(")")
            return term
        return self._term()

    def _term(self) -> Predicate:
        kind, token = self._next()
        if kind == "string":
            folder = _unquote(token)
            self._expect("in")
            self._expect("parents")
            self.folders.add(folder)
            return lambda file: folder in file.get("parents", [])
        if token not in _OPERATORS:
            raise _invalid(f"{token!r} is not a term that is served")
        _, sign = self._next()
        if sign not in _OPERATORS[token]:
            raise _invalid(f"{token} can't be compared by {sign!r}")
        if token == "trashed":
            return self._trashed(sign)
        kind, literal = self._next()
        if kind != "string":
            raise _invalid(f"{token} is compared to a string in quotes, not to {literal}")
        return _compare(token, sign, _unquote(literal))

    def _trashed(self, sign: str) -> Predicate:
        _, literal = self._next()
        if literal not in ("true", "false"):
            raise _invalid(f"trashed is true or false, not {literal}")
        wanted = (literal == "true") == (sign == "=")
        return lambda file: file["trashed"] is wanted

    def _next(self) -> tuple[str, str]:
        if not self._tokens:
            raise _invalid("ends too early")
        return self._tokens.pop(0)

    def _accept(self, token: str) -> bool:
        if self._tokens and self._tokens[0][0] != "string" and self._tokens[0][1] == token:
            self._tokens.pop(0)
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._accept(token):
            raise _invalid(f"{token!r} is missing")


def _compare(term: str, sign: str, literal: str) -> Predicate:
    def value(file: File) -> Any:
        if term == "shortcutDetails.targetId":
            return file.get("shortcutDetails", {}).get("targetId")
        return file[term]

    if term.endswith("Time"):
        try:
            moment = datetime.fromisoformat(literal)
        except ValueError:
            raise _invalid(f"{literal!r} is no RFC 3339 time") from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return lambda file: _COMPARISONS[sign](datetime.fromisoformat(value(file)), moment)
    if sign != "contains":
        return lambda file: _COMPARISONS[sign](value(file), literal)
    # `contains` matches the beginning: of any word for a name, of the whole for a MIME type.
    if term == "mimeType":
        return lambda file: value(file).startswith(literal)
    return lambda file: any(
        word.lower().startswith(literal.lower()) for word in [value(file), *value(file).split()]
    )


def _unquote(token: str) -> str:
    return re.sub(r"\\(['\\])", r"\1", token[1:-1])


def _invalid(reason: str) -> ApiError:
    return ApiError(400, "invalid", f"Invalid Value: the query {reason}", location="q")
