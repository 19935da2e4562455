"""Files look as `terraform fmt` leaves them. Terraform itself is not among Python's packages: where
it is not installed, the rules that are easily broken stand for it."""

import re
import shutil
import subprocess
from itertools import groupby

import pytest
import terraform

pytestmark = pytest.mark.infra

ARGUMENT = re.compile(r'^ *[\w"$ {}./-]+? *= ')


@pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no Terraform here")
def test_terraform_itself_would_change_nothing() -> None:
    command = ["terraform", "fmt", "-check", "-diff", "-recursive", str(terraform.FOLDER)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("path", terraform.sources(), ids=lambda path: path.name)
def test_a_file_is_indented_and_aligned(path) -> None:
    lines = path.read_text(encoding="utf-8").split("\n")
    assert lines[-1] == ""
    assert lines[-2] != ""
    for number, line in enumerate(lines, 1):
        assert line == line.rstrip(), f"{path.name}:{number}"
        assert "\t" not in line, f"{path.name}:{number}"
        assert (len(line) - len(line.lstrip())) % 2 == 0, f"{path.name}:{number}"
    for number, group in _runs(lines):
        places = {line.index(" = ") for line in group}
        assert len(places) == 1, f"{path.name}:{number}: the signs of these lines stand apart"


def _runs(lines: list[str]) -> list[tuple[int, list[str]]]:
    """Neighbouring lines that are each one whole argument of the same block, with the number of
    the first of them."""

    def key(item: tuple[int, str]) -> object:
        _, line = item
        whole = bool(ARGUMENT.match(line)) and not line.rstrip().endswith(("{", "[", "(", "EOT"))
        return (len(line) - len(line.lstrip())) if whole else None

    numbered = list(enumerate(lines, 1))
    return [
        (group[0][0], [line for _, line in group])
        for wanted, grouped in groupby(numbered, key)
        if wanted is not None and len(group := list(grouped)) > 1
    ]
