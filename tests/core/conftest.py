import pytest

from core.extract import Extractor
from core.settings import Settings


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    """What reads files, as it is without any settings."""
    return Extractor(Settings())
