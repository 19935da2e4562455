from datetime import timedelta

import pytest
from google.api_core.exceptions import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
)
from google.cloud.firestore_v1 import (
    DELETE_FIELD,
    SERVER_TIMESTAMP,
    ArrayRemove,
    ArrayUnion,
    Increment,
    Maximum,
    Minimum,
)


@pytest.fixture
def document(firestore):
    return firestore.document("c/a")


def test_a_field_is_deleted(document):
    document.set({"a": {"b": 1, "c": 2}, "d": 3})

    document.update({"a.b": DELETE_FIELD, "d": DELETE_FIELD})

    assert document.get().to_dict() == {"a": {"c": 2}}


def test_merging_fields_leaves_the_others(document):
    document.set({"a": {"b": 1}, "d": 3})

    document.set({"a": {"c": 2}, "d": 9}, merge=["a.c"])

    assert document.get().to_dict() == {"a": {"b": 1, "c": 2}, "d": 3}


def test_times_go_forward(firestore):
    times = [firestore.document("c", str(n)).set({"n": n}).update_time for n in range(20)]

    assert times == sorted(set(times))


def test_a_write_that_changes_nothing_keeps_the_update_time(document):
    first = document.set({"a": 1})
    second = document.set({"a": 1})
    third = document.set({"a": 1.0})

    assert first.update_time == second.update_time < third.update_time
    assert document.get().create_time == first.update_time


def test_what_must_exist_or_must_not(firestore, document):
    with pytest.raises(NotFound):
        document.update({"a": 1})
    document.create({"a": 1})
    with pytest.raises(AlreadyExists):
        document.create({"a": 2})
    document.delete(option=firestore.write_option(exists=True))
    with pytest.raises(NotFound):
        document.delete(option=firestore.write_option(exists=True))


def test_a_document_changed_meanwhile_is_not_written(firestore, document):
    stale = firestore.write_option(last_update_time=document.set({"a": 1}).update_time)
    document.set({"a": 2})

    with pytest.raises(FailedPrecondition):
        document.update({"a": 3}, option=stale)
    with pytest.raises(FailedPrecondition):
        document.delete(option=stale)
    assert document.get().to_dict() == {"a": 2}


def test_a_batch_is_all_or_nothing(firestore, document):
    batch = firestore.batch()
    batch.set(firestore.document("c/b"), {"a": 1})
    batch.update(document, {"a": 1})

    with pytest.raises(NotFound):
        batch.commit()
    assert not firestore.document("c/b").get().exists


def test_a_batch_has_one_time_and_works_in_order(firestore, document):
    batch = firestore.batch()
    batch.set(document, {"a": 1})
    batch.update(document, {"b": Increment(2)})
    batch.set(firestore.document("c/b"), {})
    results = batch.commit()

    assert len({result.update_time for result in results}) == 1
    assert document.get().to_dict() == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("before", "transform", "after"),
    [
        (1, Increment(2), 3),
        (1, Increment(0.5), 1.5),
        ("x", Increment(2), 2),
        (None, Increment(2), 2),
        (2**63 - 2, Increment(5), 2**63 - 1),
        (1, Maximum(2), 2),
        (3, Maximum(3.0), 3),
        (3.5, Maximum(3), 3.5),
        (3, Minimum(2.5), 2.5),
        ("x", Minimum(1), 1),
        ([1, 2], ArrayUnion([2.0, 3, 3]), [1, 2, 3]),
        ("x", ArrayUnion([1]), [1]),
        ([1, 2, 1, None], ArrayRemove([1.0, None]), [2]),
        ("x", ArrayRemove([1]), []),
    ],
)
def test_transforms(document, before, transform, after):
    document.set({"v": before, "w": 0})

    document.update({"v": transform})

    # As text, because 3 and 3.0 are equal.
    assert repr(document.get().get("v")) == repr(after)
    assert document.get().get("w") == 0


def test_the_service_gives_its_time(document):
    result = document.set({"a": {"at": SERVER_TIMESTAMP}})

    at = document.get().get("a.at")

    assert at.microsecond % 1000 == 0
    assert timedelta(0) <= result.update_time - at < timedelta(milliseconds=1)


def test_a_document_of_more_than_a_mebibyte_is_refused(document):
    # By the rules of size: 4 for `c` and `a`, 16 for a name, 2 for `v`, 1 for a text, 32 for all.
    fits = "x" * (1024 * 1024 - 4 - 16 - 2 - 1 - 32)

    document.set({"v": fits})
    with pytest.raises(InvalidArgument, match="exceeds the maximum allowed size of 1,048,576"):
        document.set({"v": fits + "x"})


def test_an_array_in_an_array_is_refused(document):
    with pytest.raises(InvalidArgument):
        document.set({"v": [[1]]})


@pytest.mark.parametrize("name", ["__a__", ".", "x" * 1501])
def test_names_that_may_not_be(firestore, name):
    with pytest.raises(InvalidArgument):
        firestore.document("c", name).set({})


def test_bulk_writes_succeed_and_fail_one_by_one(firestore, document):
    document.set({"a": 0})
    refused = []
    writer = firestore.bulk_writer()
    writer.on_write_error(lambda error, _: refused.append(error.operation.reference.id))
    writer.create(document, {"a": 1})
    writer.create(firestore.document("c/b"), {"a": 1})
    writer.close()

    assert refused == ["a"]
    assert {each.id: each.get("a") for each in firestore.collection("c").get()} == {"a": 0, "b": 1}


def test_collections_and_missing_documents_are_listed(firestore):
    for n in range(120):
        firestore.document("c", f"{n:03d}", "sub", "x").set({})

    listed = list(firestore.collection("c").list_documents(page_size=50))

    assert [reference.id for reference in listed] == [f"{n:03d}" for n in range(120)]
    assert not listed[0].get().exists
    assert [each.id for each in listed[0].collections()] == ["sub"]
