# /// script
# requires-python = ">=3.11"
# dependencies = ["cyclonedx-python-lib[json-validation]==11.11.0"]
# ///
"""What is in the container image, as a CycloneDX document (https://cyclonedx.org).

    docker export "$(docker create khana)" | uv run --script infra/sbom.py > sbom.json

Reads the image's files from standard input as one tar archive. Debian's packages are those that
dpkg says are installed; Python's are those whose metadata lie in some site-packages or in /app.
"""

import re
import sys
import tarfile
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesHeaderParser

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

DPKG = re.compile(r"(\./)?var/lib/dpkg/status")
PYTHON = re.compile(r"(\./)?(opt/python/.*/site-packages|app)/[^/]+\.dist-info/METADATA")


def components(archive: tarfile.TarFile) -> Iterator[Component]:
    """The packages among the files of an image."""
    parse = BytesHeaderParser().parsebytes
    for member in archive:
        if DPKG.fullmatch(member.name):
            for paragraph in _content(archive, member).strip().split(b"\n\n"):
                package = parse(paragraph)
                if package["Status"] == "install ok installed":
                    yield _debian(package)
        elif PYTHON.fullmatch(member.name):
            yield _python(parse(_content(archive, member)))


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    assert file is not None, f"{member.name} is not a file"
    return file.read()


def _debian(package: Message) -> Component:
    qualifiers = {"arch": package["Architecture"], "distro": "debian-12"}
    return _component("deb", package["Package"], package["Version"], qualifiers)


def _python(package: Message) -> Component:
    # As https://packaging.python.org/en/latest/specifications/name-normalization/ says.
    name = re.sub(r"[-_.]+", "-", package["Name"]).lower()
    component = _component("pypi", name, package["Version"], {})
    # `License` is free text, at times the whole of it; what follows it is of one line.
    if expression := package["License-Expression"]:
        component.licenses.add(LicenseFactory().make_from_string(expression))
    return component


def _component(kind: str, name: str, version: str, qualifiers: dict[str, str]) -> Component:
    namespace = "debian" if kind == "deb" else None
    purl = PackageURL(kind, namespace, name, version, qualifiers)
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=version,
        purl=purl,
        bom_ref=purl.to_string(),
    )


def main() -> None:
    """Writes the document to standard output; one that breaks CycloneDX's schema is an error."""
    with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as archive:
        found = {component.bom_ref.value: component for component in components(archive)}
    bom = Bom(components=found.values())
    bom.metadata.component = Component(
        type=ComponentType.CONTAINER, name="khana", bom_ref="khana-image"
    )
    bom.register_dependency(bom.metadata.component, bom.components)
    document = JsonV1Dot6(bom).output_as_string(indent=2)
    if fault := JsonStrictValidator(SchemaVersion.V1_6).validate_str(document):
        sys.exit(f"sbom: {fault}")
    print(document)


if __name__ == "__main__":
    main()
