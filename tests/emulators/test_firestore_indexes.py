import pytest
from emulators.firestore import FirestoreDouble, connected
from google.api_core.exceptions import FailedPrecondition, ServiceUnavailable
from google.cloud.firestore_v1 import Query
from google.cloud.firestore_v1.base_query import FieldFilter, Or
from grpc import StatusCode


def index(*fields, scope="COLLECTION"):
    return {
        "collectionGroup": "c",
        "queryScope": scope,
        "fields": [{"fieldPath": field, "order": order} for field, order in fields],
    }


UP, DOWN = Query.ASCENDING, Query.DESCENDING
DECLARED = [
    index(("status", UP), ("at", DOWN)),
    index(("kind", UP), ("at", DOWN)),
    index(("at", UP), ("n", UP)),
    index(("tag", UP), scope="COLLECTION_GROUP"),
]


@pytest.fixture(scope="module")
def served():
    with FirestoreDouble(indexes=DECLARED) as double, connected(double.host) as client:
        yield client.collection("c")


def equal(field, value=1):
    return FieldFilter(field, "==", value)


def ordered(query, field, direction):
    return query.order_by(field, direction=direction)


@pytest.mark.parametrize(
    "build",
    [
        lambda c: c,
        lambda c: ordered(c, "any", DOWN),
        lambda c: c.where(filter=FieldFilter("any", ">", 1)),
        lambda c: c.where(filter=equal("a")).where(filter=equal("b")),
        lambda c: c.where(filter=equal("a")).where(filter=FieldFilter("b", "in", [1, 2])),
        lambda c: c.where(filter=equal("a")).order_by("a"),
        lambda c: ordered(c.where(filter=equal("status")), "at", DOWN),
        lambda c: ordered(c.where(filter=FieldFilter("status", "in", [1, 2])), "at", DOWN),
        lambda c: ordered(c.where(filter=equal("status")).where(filter=equal("kind")), "at", DOWN),
        lambda c: c.where(filter=FieldFilter("at", ">", 1)).order_by("at").order_by("n"),
        lambda c: c.where(filter=FieldFilter("at", ">", 1)).where(filter=FieldFilter("n", ">", 1)),
        lambda c: c._client.collection_group("c").where(filter=equal("tag")),
    ],
)
def test_served(served, build):
    assert build(served).get() == []


@pytest.mark.parametrize(
    ("build", "needed"),
    [
        (
            lambda c: ordered(c.where(filter=equal("status")), "at", UP),
            "status ASCENDING, at ASCENDING",
        ),
        (
            lambda c: ordered(c.where(filter=equal("other")), "at", DOWN),
            "other ASCENDING, at DESCENDING",
        ),
        (
            lambda c: ordered(
                c.where(filter=equal("status")).where(filter=equal("other")), "at", DOWN
            ),
            "other ASCENDING, status ASCENDING, at DESCENDING",
        ),
        (lambda c: ordered(ordered(c, "at", UP), "n", DOWN), "at ASCENDING, n DESCENDING"),
        (
            lambda c: ordered(ordered(c, "at", UP), "__name__", DOWN),
            "at ASCENDING, __name__ DESCENDING",
        ),
        (
            lambda c: c.where(filter=equal("a")).where(filter=FieldFilter("b", "!=", 1)),
            "a ASCENDING, b ASCENDING",
        ),
        (
            lambda c: ordered(c.where(filter=Or([equal("status"), equal("x")])), "at", DOWN),
            "x ASCENDING, at DESCENDING",
        ),
        (
            lambda c: c.where(filter=FieldFilter("tags", "array_contains", 1)).order_by("at"),
            "tags CONTAINS, at ASCENDING",
        ),
        (
            lambda c: c._client.collection_group("c").where(filter=equal("status")),
            "status ASCENDING",
        ),
    ],
)
def test_refused(served, build, needed):
    with pytest.raises(FailedPrecondition, match=rf"requires an index.*\({needed}\)"):
        build(served).get()


def test_a_sum_needs_its_field_in_the_index(served):
    served.sum("any").get()
    with pytest.raises(FailedPrecondition, match=r"\(status ASCENDING, n ASCENDING\)"):
        served.where(filter=equal("status")).sum("n").get()


def test_a_method_can_be_told_to_fail():
    with FirestoreDouble() as double, connected(double.host) as client:
        double.fail("Commit", StatusCode.UNAVAILABLE)
        with pytest.raises(ServiceUnavailable):
            client.document("c/a").set({}, retry=None)
        client.document("c/a").set({})

        assert client.document("c/a").get().exists
