"""Patterns of templates: what fits, and how long it takes to say."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.pattern import fits
from core.template import Kind
from core.values.parse import parse_value


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"([A-Z]+\d*)+", "ABCDEFGHIJKLMNOPQRSTUVWXYZ" * 4 + "-"),
        (r"(\w+\s?)+", "Gulf Trading and Contracting Company of the Emirates L.L.C."),
        (r"(\d+-?)+", "1" * 500 + "x"),
        (r"(.*),(.*),(.*),(.*),(.*);", "," * 2000),
        (r"\d+" * 50, "1" * 2000 + "x"),
    ],
)
def test_no_pattern_takes_for_ever(pattern: str, text: str) -> None:
    assert parse_value(Kind.TEXT, text, pattern=pattern).value is None


@pytest.mark.parametrize(
    ("pattern", "text", "all_of_it"),
    [
        (r"INV-\d+", "INV-12", True),
        (r"INV-\d+", "INV-12x", False),
        (r"INV-\d+", "INV-12\n", False),
        (r"a|ab", "ab", True),
        (r"a|b", "ab", False),
        (r"^\d{3}$", "123", True),
        (r"(?i)inv\d", "INV1", True),
        (r"\w+ \d+", "شركة ١٢", True),
        # What only Python knows, or knows by another meaning.
        (r"\A\d+\Z", "12", True),
        (r"(?=.*\d)\w+", "a1", True),
        (r"(?!000)\d+", "000", False),
        (r"(\d)\1", "11", True),
        (r"\d{,3}", "12", True),
        (r"(?x) \d+ # digits", "12", True),
        (r"\d*+\d", "12", False),
        (r"[a&&b]", "&", True),
        (r"\<\d", "<1", True),
    ],
)
@pytest.mark.filterwarnings("ignore:Possible set:FutureWarning")
def test_all_of_the_text_is_of_the_form(pattern: str, text: str, all_of_it: bool) -> None:
    assert fits(pattern, text) is all_of_it


PATTERNS = st.recursive(
    st.sampled_from(
        ["a", "1", "-", ".", r"\d", r"\w", r"\s", r"\-", r"\.", "[a1]", "[^a]", "^", "$"]
    ),
    lambda parts: st.one_of(
        st.tuples(parts, parts).map("".join),
        st.tuples(parts, parts).map("|".join),
        st.tuples(parts, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "*?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=8,
)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(PATTERNS, st.text("a1-. ٣", max_size=6))
def test_it_is_as_python_says(pattern: str, text: str) -> None:
    assert fits(pattern, text) is (re.fullmatch(pattern, text) is not None)
