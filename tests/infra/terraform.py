"""infra/terraform as data, and the schema of Google's provider to hold it to."""

import functools
import io
import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hcl2

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "infra" / "terraform"
PROVIDER = ROOT / "build" / "provider" / "cdktn_provider_google"

META = {"for_each", "count", "depends_on", "provider", "lifecycle", "dynamic"}
"""What Terraform itself knows of every resource."""

Body = dict[str, Any]


@dataclass(frozen=True)
class Resource:
    """`mode` is `resource` or `data`; `body` its arguments and blocks, blocks as lists."""

    mode: str
    kind: str
    name: str
    body: Body

    @property
    def address(self) -> str:
        return f"{self.kind}.{self.name}"


def sources() -> list[Path]:
    return sorted(FOLDER.glob("*.tf"))


@functools.cache
def parsed() -> dict[str, list[Any]]:
    """All files as one: each kind of top-level block with its blocks."""
    whole: dict[str, list[Any]] = {}
    for path in sources():
        with path.open(encoding="utf-8") as file:
            for kind, blocks in hcl2.load(file).items():
                if isinstance(blocks, list):
                    whole.setdefault(kind, []).extend(blocks)
    return whole


def resources(*kinds: str) -> list[Resource]:
    """Those of these kinds; all if none is named."""
    return [
        Resource(mode, plain(kind), plain(name), _clean(body))
        for mode in ("resource", "data")
        for block in parsed().get(mode, [])
        for kind, named in block.items()
        if not kinds or plain(kind) in kinds
        for name, body in named.items()
    ]


def local(name: str) -> Any:
    (value,) = [block[name] for block in parsed()["locals"] if name in block]
    return value


def variables() -> dict[str, Body]:
    return {
        plain(name): _clean(body) for block in parsed()["variable"] for name, body in block.items()
    }


def plain(text: Any) -> str:
    """A text without its quotes or the braces of an expression."""
    return re.sub(r'^"(.*)"$', r"\1", re.sub(r"^\$\{(.*)\}$", r"\1", str(text)))


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {plain(k): _clean(v) for k, v in value.items() if not k.startswith("__")}
    return [_clean(v) for v in value] if isinstance(value, list) else value


def blocks_of(body: Body) -> Iterator[tuple[str, Body]]:
    """Every block within, those of `dynamic` by what they make."""
    for name, value in body.items():
        if name == "dynamic":
            for one in value:
                for made, dynamic in one.items():
                    for content in dynamic["content"]:
                        yield made, content
        elif isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
            for one in value:
                yield name, one


class Schema:
    """What the provider's own classes say: the arguments of each kind of resource."""

    def __init__(self) -> None:
        (archive,) = (PROVIDER / "_jsii").glob("*.tgz")
        with tarfile.open(archive) as packed:
            member = packed.extractfile("package/.jsii")
            assert member is not None
            self._types = json.load(io.TextIOWrapper(member, encoding="utf-8"))["types"]
        self._top = {}
        for name, declared in self._types.items():
            if any("TerraformMetaArguments" in base for base in declared.get("interfaces", [])):
                for each in declared.get("properties", []):
                    link = _link(each)
                    if link:
                        self._top[link[0], f"google_{link[1]}"] = name
                        break

    def faults(self, resource: Resource) -> list[str]:
        """What the provider would refuse, a sentence each."""
        folder = "resources" if resource.mode == "resource" else "data-sources"
        name = self._top.get((folder, resource.kind))
        if name is None:
            return [f"{resource.address}: there is no such kind of {resource.mode}"]
        return list(self._faults(resource.address, name, resource.body, META))

    def _faults(self, where: str, name: str, body: Body, also: set[str]) -> Iterator[str]:
        known = {_name(each): each for each in self._types[name].get("properties", [])}
        given = {key for key in body if key not in also} | {made for made, _ in blocks_of(body)}
        for key in sorted(given - known.keys()):
            yield f"{where}: has no {key}"
        for key, each in known.items():
            if not each.get("optional") and key not in given:
                yield f"{where}: lacks {key}"
        for made, content in blocks_of(body):
            if made in known and (inner := _struct(known[made])):
                yield from self._faults(f"{where}.{made}", inner, content, {"dynamic"})
        for key, value in body.items():
            is_block = isinstance(value, list) and value and isinstance(value[0], dict)
            if key in known and not is_block and isinstance(value, dict) and _struct(known[key]):
                yield f"{where}: {key} is a block, not a map"


def _link(declared: Any) -> tuple[str, str, str] | None:
    remarks = declared.get("docs", {}).get("remarks", "")
    found = re.search(r"docs/(resources|data-sources)/(\w+)#(\w+) ", remarks)
    return (found[1], found[2], found[3]) if found else None


def _name(declared: Any) -> str:
    link = _link(declared)
    # Where Terraform's own name isn't told it is the class's in snake case.
    return link[2] if link else re.sub(r"(?<!^)([A-Z])", r"_\1", declared["name"]).lower()


def _struct(declared: Any) -> str | None:
    found = re.search(r'"fqn": "(@cdktn/provider-google[^"]+)"', json.dumps(declared["type"]))
    return found[1] if found else None
