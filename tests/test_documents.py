"""Tests that the documents name are there."""

import ast
import json
import re
from pathlib import Path

import pytest

from core.checking.checks import check_rules
from core.errors import FileError
from core.template import parse_template

ROOT = Path(__file__).parents[1]
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


@pytest.mark.parametrize("page", ["security.md", "reliability.md"])
def test_each_test_that_a_document_names_is_there(page: str) -> None:
    named = NAMED.findall((ROOT / "docs" / page).read_text(encoding="utf-8"))
    assert named
    missing = [f"{path}::{name}" for path, name in named if name not in {"", *_names(ROOT / path)}]
    assert missing == []


OF_REQUESTS = {
    "already_exists",
    "changed_meanwhile",
    "conflict",
    "invalid_rule",
    "invalid_template",
    "invalid_value",
    "keeps_file",
    "not_found",
    "not_read",
    "reference_unusable",
    "unavailable",
}
"""Codes with which the API refuses a request, and which no invoice has."""


def test_each_code_that_an_invoice_may_have_is_explained() -> None:
    words = json.loads((ROOT / "functions/api/languages/ar.json").read_text(encoding="utf-8"))
    text = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    section = text.split("## Why a person should look")[1].split("\n## ")[0]
    rows = [row.split("|")[1] for row in section.splitlines() if row.startswith("| `")]
    explained = {code for row in rows for code in re.findall(r"`(\w+)`", row)}
    assert words["faults"].keys() - OF_REQUESTS == explained
    of_files = set(re.findall(r"[a-z]+_[a-z_]+", FileError.__doc__ or ""))
    assert of_files - {"not_found"} - explained == set()  # that one is of a backup


def test_the_template_of_the_readme_is_one_that_can_be_used() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```json\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    check_rules(parse_template(json.loads(shown)))


def _names(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
