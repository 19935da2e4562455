"""The samples, each with its template."""

import sys
from pathlib import Path

import pytest

from core.ports import StoredTemplate
from functions.local.template_files import read_template_file

# `samples` comes with the repository and is not part of what is installed.
sys.path.append(str(Path(__file__).parents[2]))

from samples import TEMPLATES, Sample, load_samples

SAMPLES = load_samples()


@pytest.fixture(params=SAMPLES, ids=lambda sample: sample.path.name)
def sample(request: pytest.FixtureRequest) -> Sample:
    found: Sample = request.param
    return found


@pytest.fixture(scope="session")
def templates() -> dict[str, StoredTemplate]:
    """All sample templates by id."""
    stored = [read_template_file(path) for path in sorted(TEMPLATES.glob("*.json"))]
    return {one.template.id: one for one in stored}
