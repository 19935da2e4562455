import math
from datetime import UTC, datetime

import pytest
from google.api_core.exceptions import InvalidArgument
from google.cloud.firestore_v1 import GeoPoint, Query
from google.cloud.firestore_v1.base_query import And, FieldFilter, Or
from google.cloud.firestore_v1.vector import Vector

DAY = datetime(2024, 1, 2, tzinfo=UTC)


def fill(firestore, values):
    """A document per value, named by its place in the list."""
    batch = firestore.batch()
    for n, value in enumerate(values):
        batch.set(firestore.document("c", f"{n:02d}"), {"v": value})
    batch.commit()
    return firestore.collection("c")


def found(query):
    return [snapshot.get("v") for snapshot in query.stream()]


def ids(query):
    return [snapshot.id for snapshot in query.stream()]


def where(field, op, value):
    return FieldFilter(field, op, value)


def test_values_of_all_types_have_one_order(firestore):
    ordered = [
        None,
        False,
        True,
        math.nan,
        -math.inf,
        -1,
        0,
        0.5,
        1,
        DAY,
        DAY.replace(microsecond=1),
        "",
        "B",
        "a",
        "é",
        "ا",
        "\U0001f600",
        b"",
        b"\x00",
        firestore.document("c/a"),
        firestore.document("c/a/d/a"),
        firestore.document("c/b"),
        GeoPoint(-1, 2),
        GeoPoint(-1, 3),
        [],
        [1],
        [1, 2],
        [2],
        Vector([9.0]),
        Vector([1.0, 2.0]),
        {},
        {"a": 1},
        {"a": 1, "b": 0},
        {"a": 2},
        {"b": 0},
    ]
    collection = fill(firestore, reversed(ordered))

    names = ids(collection.order_by("v"))

    assert names == sorted(names, reverse=True)
    assert len(names) == len(ordered)


def test_integers_and_doubles_are_compared_exactly(firestore):
    large = 2**53
    collection = fill(firestore, [large + 1, float(large), large - 1, large])

    assert found(collection.order_by("v")) == [large - 1, float(large), large, large + 1]
    assert found(collection.where(filter=where("v", ">", float(large)))) == [large + 1]
    assert found(collection.where(filter=where("v", "==", large))) == [float(large), large]


def test_a_range_finds_values_of_its_type_only(firestore):
    collection = fill(firestore, [None, True, 5, "5", b"5", [5], DAY])

    assert found(collection.where(filter=where("v", ">=", 0))) == [5]
    assert found(collection.where(filter=where("v", "<", "9"))) == ["5"]
    assert found(collection.where(filter=where("v", "<=", True))) == [True]


@pytest.mark.parametrize(
    ("op", "operand", "expected"),
    [
        ("==", None, [None]),
        ("!=", None, [math.nan, 1, "1", [1]]),
        ("!=", 1, [math.nan, "1", [1]]),
        ("in", [1, "1"], [1, "1"]),
        ("in", [None, 1], [1]),
        ("in", [[1]], [[1]]),
        ("not-in", [1, [1]], [math.nan, "1"]),
        ("not-in", [None, 1], []),
        ("array_contains", 1, [[1]]),
        ("array_contains", 1.0, [[1]]),
        ("array_contains_any", [2, 1], [[1]]),
    ],
)
def test_filters(firestore, op, operand, expected):
    collection = fill(firestore, [None, math.nan, 1, "1", [1]])
    collection.document("without").set({"other": 1})

    answer = found(collection.where(filter=where("v", op, operand)))

    # As text, because NaN is not equal to itself.
    assert list(map(repr, answer)) == list(map(repr, expected))


def test_filters_on_nested_and_odd_names(firestore):
    firestore.document("c/a").set({"a": {"b.c": 1}, "ü`": 2})
    collection = firestore.collection("c")

    assert ids(collection.where(filter=where("a.`b.c`", "==", 1))) == ["a"]
    assert ids(collection.where(filter=where("`ü\\``", "==", 2))) == ["a"]
    assert ids(collection.where(filter=where("a.b", "==", 1))) == []


def test_inequalities_on_two_fields_order_by_both(firestore):
    for name, a, b in [("x", 2, 1), ("y", 1, 9), ("z", 1, 5), ("w", 0, 7)]:
        firestore.document("c", name).set({"b": b, "a": a})
    both = And([where("b", ">", 1), where("a", ">", 0)])

    assert ids(firestore.collection("c").where(filter=both)) == ["z", "y"]


def test_either_of_two_filters(firestore):
    collection = fill(firestore, [1, 2, 3, 4])
    either = Or([where("v", "==", 4), And([where("v", ">", 1), where("v", "<", 3)])])

    assert found(collection.where(filter=either)) == [2, 4]


def test_what_lacks_the_field_of_an_order_is_left_out(firestore):
    collection = fill(firestore, [2, 1])
    collection.document("without").set({"w": 0})

    assert found(collection.order_by("v")) == [1, 2]


def test_equal_values_are_ordered_by_name_in_the_same_direction(firestore):
    collection = fill(firestore, [1, 2, 1, 2])

    assert ids(collection.order_by("v")) == ["00", "02", "01", "03"]
    assert ids(collection.order_by("v", direction=Query.DESCENDING)) == ["03", "01", "02", "00"]


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"start_at": 2}, ["01", "02", "03"]),
        ({"start_after": 2}, ["03"]),
        ({"end_at": 2}, ["00", "01", "02"]),
        ({"end_before": 2}, ["00"]),
        ({"start_after": 1, "end_before": 3}, ["01", "02"]),
    ],
)
def test_cursors_of_values(firestore, bounds, expected):
    query = fill(firestore, [1, 2, 2, 3]).order_by("v")
    for bound, value in bounds.items():
        query = getattr(query, bound)({"v": value})

    assert ids(query) == expected


@pytest.mark.parametrize("direction", [Query.ASCENDING, Query.DESCENDING])
def test_pages_by_the_last_document_of_the_page_before(firestore, direction):
    query = fill(firestore, [1, 2, 2, 2, 3]).order_by("v", direction=direction)
    everything = ids(query)
    pages = []
    page = query.limit(2).get()
    while page:
        pages += [snapshot.id for snapshot in page]
        page = query.start_after(page[-1]).limit(2).get()

    assert pages == everything
    assert len(pages) == 5


def test_the_last_of_an_order(firestore):
    query = fill(firestore, [1, 2, 3, 4]).order_by("v").limit_to_last(2)

    assert [snapshot.get("v") for snapshot in query.get()] == [3, 4]


def test_offset_limit_and_projection(firestore):
    collection = firestore.collection("c")
    for n in range(5):
        collection.document(str(n)).set({"v": n, "m": {"a": n, "b": n}})

    query = collection.order_by("v").offset(1).limit(2).select(["m.a", "none"])

    assert [snapshot.to_dict() for snapshot in query.stream()] == [{"m": {"a": n}} for n in (1, 2)]


@pytest.mark.parametrize(
    ("total", "average", "values"),
    [
        (6, 2.0, [1, 2, 3, "4", None]),
        (1.5, 0.75, [1, 0.5]),
        # The average of nothing is null, of which the client makes 0.0.
        (0.0, 0.0, ["1"]),
        (float(2**63), float(2**62), [2**63 - 1, 1]),
        (math.nan, math.nan, [1, math.nan]),
    ],
)
def test_sum_and_average_of_the_numbers(firestore, total, average, values):
    collection = fill(firestore, values)
    (results,) = collection.sum("v", alias="sum").avg("v", alias="avg").get()

    assert {result.alias: repr(result.value) for result in results} == {
        "sum": repr(total),
        "avg": repr(average),
    }


def test_what_lacks_a_field_to_sum_is_not_counted_beside_it(firestore):
    collection = fill(firestore, [1, 2])
    collection.document("without").set({"w": 0})

    (together,) = collection.count(alias="n").sum("v", alias="s").get()
    (alone,) = collection.count(alias="n").get()

    assert {result.alias: result.value for result in together} == {"n": 2, "s": 3}
    assert alone[0].value == 3


@pytest.mark.parametrize(
    "filters",
    [
        Or([where("v", "==", n) for n in range(31)]),
        And([where("v", "array_contains", 1), where("w", "array_contains", 2)]),
        And([where("v", "!=", 1), where("w", "not-in", [2])]),
        And([where("v", "in", [1]), where("w", "not-in", [2])]),
        where("v", "not-in", list(range(11))),
        where("v", "in", []),
    ],
)
def test_filters_that_may_not_be(firestore, filters):
    with pytest.raises(InvalidArgument):
        firestore.collection("c").where(filter=filters).get()
