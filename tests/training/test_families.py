"""The recorded split of the font families keeps its promises."""

from itertools import combinations

import pytest

from training.families import families, normalized

SPLITS = ("train", "validation", "test")
RESERVED = """Lemonada, Markazi Text, Harmattan, Mirza, Katibeh, Aref Ruqaa, Aref Ruqaa Ink, Kufam,
    Marhey, Baloo Bhaijaan 2, Baloo Bhaijaan, Lateef, Thabit, KacstOffice"""


def named(split: str) -> set[str]:
    return {normalized(name) for names in families()[split].values() for name in names}


@pytest.mark.parametrize("split", SPLITS)
def test_reserved_families_are_in_no_split(split: str) -> None:
    reserved = {normalized(name) for name in RESERVED.split(",")}
    # A foundry's other name for a cut ("Lateef GR", "Kufam Medium") begins with the family's.
    assert not [n for n in named(split) if any(n.startswith(r) for r in reserved)]


def test_the_reserved_families_are_recorded() -> None:
    recorded = {normalized(name) for name in families()["reserved"]}
    assert {normalized(name) for name in RESERVED.split(",")} - recorded <= {"baloobhaijaan"}


@pytest.mark.parametrize(("one", "other"), list(combinations((*SPLITS, "dropped"), 2)))
def test_no_family_is_in_two_splits(one: str, other: str) -> None:
    dropped = {normalized(name) for name in families()["dropped"]}
    sets = {split: named(split) for split in SPLITS} | {"dropped": dropped}
    assert not sets[one] & sets[other]


def test_no_group_is_in_two_splits() -> None:
    for one, other in combinations(SPLITS, 2):
        assert not families()[one].keys() & families()[other].keys()


@pytest.mark.parametrize("name", ["KacstOffice", "Kacst Office", "kacst-office", "KACST_OFFICE"])
def test_spellings_of_a_name_compare_equal(name: str) -> None:
    assert normalized(name) == "kacstoffice"
