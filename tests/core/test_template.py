"""Templates: the contract, its faults in words, and the older coordinates."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import TemplateError
from core.template import dump_template, import_corners, load_template, parse_template

FIELD = {"name": "total", "kind": "amount", "box": [10, 10, 60, 30]}
GOOD: dict[str, Any] = {"id": "acme", "version": 1, "page_size": [100, 80], "fields": [FIELD]}


def test_the_contract_s_example_is_read_and_written_back() -> None:
    example = {
        "id": "acme",
        "version": 1,
        "name": "Acme Trading",
        "page_size": [752, 973],
        "reference": "acme.png",
        "date_order": "mdy",
        "fields": [
            {"name": "invoice_number", "kind": "number", "box": [478, 167, 536, 183]},
            {"name": "date", "kind": "date", "box": [160, 167, 256, 188], "page": 2},
            {"name": "total", "kind": "amount", "box": [9, 9, 90, 30], "example": "١٢٫٥٠"},
            {"name": "seller", "kind": "text", "box": [200, 25, 420, 60], "languages": ["ara"]},
        ],
        "rules": ["date <= today"],
    }
    template = parse_template(example)
    assert dump_template(template) == example
    assert [template.page_of(field) for field in template.fields] == [1, 2, 1, 1]
    assert template.fields[0].required
    assert template.fields[0].languages == ("ara", "eng")


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"colour": "red"}, "invalid_template", "unknown key 'colour'"),
        ({"fields": [FIELD | {"size": 3}]}, "invalid_template", "fields.0: unknown key 'size'"),
        ({"fields": [FIELD, FIELD]}, "duplicate_field", "two fields are called 'total'"),
        ({"fields": [FIELD | {"box": [10, 10, 101, 30]}]}, "box_outside_page", "'total'"),
        ({"fields": [FIELD | {"box": [-1, 10, 50, 30]}]}, "box_outside_page", "outside"),
        ({"fields": [FIELD | {"box": [60, 10, 10, 30]}]}, "invalid_template", "left, top"),
        ({"fields": [FIELD | {"box": [1, 2, 3]}]}, "invalid_template", "box"),
        ({"fields": [FIELD | {"kind": "colour"}]}, "invalid_template", "kind"),
        ({"fields": [FIELD | {"pattern": "["}]}, "invalid_template", "pattern"),
        ({"fields": [FIELD | {"pattern": "a{4294967296}"}]}, "invalid_template", "pattern"),
        ({"fields": [FIELD | {"pattern": "a" * 201}]}, "invalid_template", "pattern"),
        ({"fields": [FIELD | {"example": "1" * 101}]}, "invalid_template", "example"),
        ({"fields": [FIELD | {"name": "two words"}]}, "invalid_template", "two words"),
        ({"fields": [FIELD | {"name": "today"}]}, "invalid_template", "rules use"),
        ({"fields": [FIELD | {"name": "not"}]}, "invalid_template", "rules use"),
        ({"fields": [FIELD | {"name": "ﻻ"}]}, "invalid_template", "letters"),
        ({"fields": [FIELD | {"name": ""}]}, "invalid_template", "fields.0.name"),
        ({"fields": [FIELD | {"languages": []}]}, "invalid_template", "languages"),
        ({"fields": [FIELD | {"languages": ["fra"]}]}, "invalid_template", "languages"),
        ({"fields": [FIELD | {"page": 0}]}, "invalid_template", "page"),
        ({"fields": []}, "invalid_template", "fields: must hold at least 1, not 0"),
        ({"fields": {}}, "invalid_template", "fields: must be a JSON array"),
        ({"fields": [3]}, "invalid_template", "fields.0: must be a JSON object"),
        ({"fields": [{"name": "a"}]}, "invalid_template", "fields.0.kind: is missing"),
        ({"fields": [FIELD] * 501}, "invalid_template", "500"),
        ({"rules": ["total > 0"] * 101}, "invalid_template", "100"),
        ({"reference": "../secret.png"}, "invalid_template", "'../secret.png'"),
        ({"reference": "/etc/passwd"}, "invalid_template", "'/etc/passwd'"),
        ({"reference": ""}, "invalid_template", "reference"),
        ({"id": "../up"}, "invalid_template", "id: must be written as ^[a-z0-9]"),
        ({"page_size": [0, 80]}, "invalid_template", "page_size"),
        ({"date_order": "ydm"}, "invalid_template", "date_order"),
    ],
)
def test_faults_are_said(change: dict[str, Any], code: str, says: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse_template(GOOD | change, where="acme.json")
    assert caught.value.code == code
    assert caught.value.message.startswith("acme.json: ")
    assert says in caught.value.message


@pytest.mark.parametrize("text", ["", "{", "[]", '"text"', "NaN", "[" * 100_000])
def test_files_that_hold_no_template(text: str, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(text)
    with pytest.raises(TemplateError, match=str(path)):
        load_template(path)


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_bytes('{"name": "متجر"}'.encode("cp1256"))
    with pytest.raises(TemplateError, match="not JSON"):
        load_template(path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_as_editors_of_windows_write_it(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps(GOOD | {"name": "متجر"}, ensure_ascii=False), encoding=encoding)
    assert load_template(path).name == "متجر"


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(TemplateError) as caught:
        load_template(tmp_path / "none.json")
    assert caught.value.code == "template_missing"


def test_field_names_may_be_arabic() -> None:
    template = parse_template(GOOD | {"fields": [FIELD | {"name": "الإجمالي"}]})
    assert template.fields[0].name == "الإجمالي"


def test_a_reference_may_lie_in_a_folder_beside_the_file() -> None:
    assert parse_template(GOOD | {"reference": "forms/acme.png"}).reference == "forms/acme.png"


def test_a_box_may_fill_the_page() -> None:
    template = parse_template(GOOD | {"fields": [FIELD | {"box": [0, 0, 100, 80]}]})
    assert template.fields[0].box == (0, 0, 100, 80)


CORNERS = {"2": [[60, 30], [10, 10]], "10": [[1, 9], [5, 2]], "1": [[10, 30], [60, 10]]}


def test_older_coordinates_in_any_order() -> None:
    template = import_corners(
        CORNERS,
        template_id="old",
        page_size=(100, 80),
        names=["number", "total", "date"],
        kinds=["number", "amount", "date"],
    )
    assert [(f.name, f.box) for f in template.fields] == [
        ("number", (10, 10, 60, 30)),
        ("total", (10, 10, 60, 30)),
        ("date", (1, 2, 5, 9)),
    ]


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (CORNERS, ["one"]),
        ({}, []),
        ([], []),
        ({"1": [[1, 2]]}, ["a"]),
        ({"x": [[1, 2], [3, 4]]}, ["a"]),
        ({"1": [[1, "a"], [3, 4]]}, ["a"]),
        ({"1": [[1, 2], [3, 4], [5, 6]]}, ["a"]),
        ({"1": [[1, 2], [1, 4]]}, ["a"]),
        (json.loads('{"1": [[1, 2], [1e999, 4]]}'), ["a"]),
    ],
)
def test_older_coordinates_that_are_none(data: Any, names: list[str]) -> None:
    with pytest.raises(TemplateError, match=r"^boxes") as caught:
        import_corners(
            data,
            template_id="old",
            page_size=(100, 80),
            names=names,
            kinds=["number"] * len(names),
        )
    assert "unpack" not in caught.value.message
