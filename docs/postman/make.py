"""Makes the Postman collection of the API from its OpenAPI description.

    .venv/bin/python docs/postman/make.py

The first folder is a walk through: look at Drive, upload by hand, fetch the results. Then comes a
request for every operation. (The format: https://schema.postman.com, collection v2.1.0.)
"""

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from core.adapters import connect
from core.settings import Settings
from functions.api.app import create_app

COLLECTION = Path(__file__).with_name("khana.postman_collection.json")
WALK = "Walk through"
SAMPLE = "samples/invoices/meridian-004518.jpg"

_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_FINAL = '["done", "needs_review", "failed"]'
_TAKEN = """pm.test("it was taken in", () => pm.expect(pm.response.code).to.be.oneOf([200, 202]));
pm.collectionVariables.set("invoice_id", pm.response.json().id);
pm.collectionVariables.set("looks", 0);"""
_READ = f"""const invoice = pm.response.json();
const looks = pm.collectionVariables.get("looks") + 1;
pm.collectionVariables.set("looks", looks);
if (!{_FINAL}.includes(invoice.status) && looks < 120) {{
  setTimeout(() => {{}}, 500);
  pm.execution.setNextRequest(pm.info.requestName);
}} else {{
  pm.test("it was read", () => pm.expect(invoice.status).to.be.oneOf({_FINAL}));
  pm.test("its fields have values", () => pm.expect(invoice.fields).to.be.an("object"));
}}"""
_LISTED = """pm.test("it is listed", () => {
  const ids = pm.response.json().invoices.map((invoice) => invoice.id);
  pm.expect(ids).to.include(pm.collectionVariables.get("invoice_id"));
});"""
_OK = 'pm.test("it answers", () => pm.response.to.have.status(200));'

_STEPS: tuple[tuple[str, str, dict[str, str], str], ...] = (
    ("Look at Drive now", "sync_drive", {}, _OK),
    ("Upload by hand", "create_invoice", {"wait": "true"}, _TAKEN),
    ("Fetch the result", "get_invoice", {}, _READ),
    ("Fetch the newest", "list_invoices", {"page_size": "10"}, _LISTED),
    ("Fetch all as JSON lines", "export_invoices", {"format": "json"}, _OK),
    ("Fetch all as a workbook", "export_invoices", {"format": "xlsx"}, _OK),
)
"""Of the walk: its name, the operation, the query, and what is to hold of the answer."""


def collection(described: dict[str, Any]) -> dict[str, Any]:
    """The collection of what an OpenAPI document describes."""
    operations = {
        operation["operationId"]: (method.upper(), path, operation)
        for path, item in described["paths"].items()
        for method, operation in item.items()
    }
    walk = [
        _item(name, *operations[which], described, query=query, script=script)
        for name, which, query, script in _STEPS
    ]
    folders: dict[str, list[Any]] = {}
    for method, path, operation in operations.values():
        item = _item(operation["operationId"], method, path, operation, described)
        folders.setdefault(operation["tags"][0], []).append(item)
    return {
        "info": {
            "name": described["info"]["title"],
            "description": described["info"]["description"],
            "schema": _SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{key}}"}]},
        "variable": [
            {"key": "address", "value": "http://127.0.0.1:8080"},
            {"key": "key", "value": "", "description": "khana key create; empty on this machine"},
        ],
        "item": [
            {"name": WALK, "item": walk},
            *({"name": tag, "item": items} for tag, items in folders.items()),
        ],
    }


def described() -> dict[str, Any]:
    """The OpenAPI document of this version."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder))
        document: dict[str, Any] = create_app(connect(settings), settings).api_doc
        return document


def text(made: dict[str, Any]) -> str:
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


def _item(
    name: str,
    method: str,
    path: str,
    operation: dict[str, Any],
    described: dict[str, Any],
    *,
    query: dict[str, str] | None = None,
    script: str | None = None,
) -> dict[str, Any]:
    """One request. Of what is optional, only what `query` gives is switched on."""
    given = query or {}
    place = re.sub(r"\{(\w+)\}", r"{{\1}}", path)
    parameters = operation.get("parameters", [])
    asked = [
        {
            "key": each["name"],
            "value": given.get(each["name"], ""),
            "description": each.get("description", ""),
            "disabled": each["name"] not in given,
        }
        for each in parameters
        if each["in"] == "query"
    ]
    on = "&".join(f"{each['key']}={each['value']}" for each in asked if not each["disabled"])
    item: dict[str, Any] = {
        "name": name,
        "request": {
            "method": method,
            "header": [
                {
                    "key": each["name"],
                    "value": "{{$guid}}" if each["name"] == "Idempotency-Key" else "",
                    "description": each.get("description", ""),
                    "disabled": each["name"] != "Idempotency-Key",
                }
                for each in parameters
                if each["in"] == "header"
            ],
            "url": {
                "raw": "{{address}}" + place + (f"?{on}" if on else ""),
                "host": ["{{address}}"],
                "path": place.strip("/").split("/"),
                "query": asked,
            },
            "description": "\n".join(
                filter(None, (operation["summary"], operation.get("description")))
            ),
        },
    }
    if "requestBody" in operation:
        item["request"]["body"] = _body(operation["requestBody"]["content"], described)
    if script is not None:
        lines = script.splitlines()
        item["event"] = [{"listen": "test", "script": {"type": "text/javascript", "exec": lines}}]
    return item


def _body(content: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    ((kind, body),) = content.items()
    schema = _resolved(body["schema"], described)
    required = schema.get("required", [])
    if kind == "application/json":
        example = {name: _example(schema["properties"][name], described) for name in required}
        raw = json.dumps(example, indent=2)
        return {"mode": "raw", "raw": raw, "options": {"raw": {"language": "json"}}}
    return {
        "mode": "formdata",
        "formdata": [
            {
                "key": name,
                "description": value.get("description", ""),
                "disabled": name not in required,
                **({"type": "file", "src": SAMPLE} if name == "file" else {"type": "text"}),
            }
            for name, value in schema["properties"].items()
        ],
    }


def _example(schema: dict[str, Any], described: dict[str, Any]) -> object:
    schema = _resolved(schema, described)
    kinds = {"string": "…", "object": {}, "array": [], "boolean": False}
    return kinds.get(str(schema.get("type")))


def _resolved(schema: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref")
    if name is None:
        return schema
    found: dict[str, Any] = described["components"]["schemas"][name.rpartition("/")[2]]
    return found


if __name__ == "__main__":
    COLLECTION.write_text(text(collection(described())), encoding="utf-8")
    print(COLLECTION)
