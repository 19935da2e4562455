import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from emulators.firestore import FirestoreDouble, connected
from google.api_core.exceptions import Aborted, AlreadyExists, InvalidArgument
from google.cloud.firestore_v1 import transactional
from google.cloud.firestore_v1.base_query import FieldFilter


@pytest.fixture
def counter(firestore):
    document = firestore.document("c/counter")
    document.set({"n": 0})
    return document


def increment(transaction, document, meanwhile=lambda: None):
    def run(transaction):
        n = document.get(transaction=transaction).get("n")
        meanwhile()
        transaction.update(document, {"n": n + 1})
        return n + 1

    # Decorated once for each use: what `transactional` gives keeps its state to itself, so threads
    # that share it end each other's transactions.
    return transactional(run)(transaction)


def test_no_update_is_lost(firestore, counter):
    tasks, each = 4, 5

    def work(_):
        for _ in range(each):
            increment(firestore.transaction(max_attempts=50), counter)

    with ThreadPoolExecutor(tasks) as pool:
        list(pool.map(work, range(tasks)))

    assert counter.get().get("n") == tasks * each


def test_of_two_that_read_the_same_the_younger_tries_again(firestore, counter):
    both_have_read = threading.Barrier(2)
    tries = []

    def meanwhile():
        tries.append(threading.get_ident())
        if len(tries) <= 2:
            both_have_read.wait(timeout=60)

    def work(_):
        return increment(firestore.transaction(), counter, meanwhile)

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(work, range(2)))

    assert sorted(results) == [1, 2]
    assert len(tries) == 3


def test_a_write_waits_for_the_transaction_that_has_read(firestore, counter):
    with ThreadPoolExecutor(1) as pool:
        waiting = []

        def meanwhile():
            waiting.append(pool.submit(counter.set, {"n": 100}))
            time.sleep(0.1)
            assert not waiting[0].done()

        increment(firestore.transaction(), counter, meanwhile)
        waiting[0].result(timeout=60)

    assert counter.get().get("n") == 100


def test_a_write_to_what_a_transactions_query_would_find_waits_too(firestore):
    collection = firestore.collection("c")
    open_ones = collection.where(filter=FieldFilter("open", "==", True))
    collection.document("a").set({"open": True})

    with ThreadPoolExecutor(1) as pool:

        @transactional
        def close_all(transaction):
            found = open_ones.get(transaction=transaction)
            other = collection.document("b").set({"open": False})
            late = pool.submit(collection.document("c").set, {"open": True})
            time.sleep(0.1)
            assert not late.done()
            for snapshot in found:
                transaction.update(snapshot.reference, {"open": False})
            return late, other

        late, _ = close_all(firestore.transaction())
        late.result(timeout=60)

    assert [snapshot.id for snapshot in open_ones.get()] == ["c"]


def test_reads_do_not_wait_and_see_what_is_committed(firestore, counter):
    @transactional
    def change(transaction):
        counter.get(transaction=transaction)
        transaction.update(counter, {"n": 7})
        return counter.get().get("n")

    assert change(firestore.transaction()) == 0
    assert counter.get().get("n") == 7


def test_a_read_only_transaction_sees_one_moment_and_holds_nobody_up(firestore, counter):
    @transactional
    def look(transaction):
        first = counter.get(transaction=transaction).get("n")
        counter.set({"n": 5})
        return first, counter.get(transaction=transaction).get("n")

    assert look(firestore.transaction(read_only=True)) == (0, 0)
    assert counter.get().get("n") == 5


def test_what_fails_in_a_transaction_leaves_no_lock(firestore, counter):
    @transactional
    def fail(transaction):
        counter.get(transaction=transaction)
        transaction.create(counter, {"n": 1})

    with pytest.raises(AlreadyExists):
        fail(firestore.transaction())
    counter.set({"n": 2})

    assert counter.get().get("n") == 2


def test_a_transaction_that_is_over_serves_nothing(firestore, counter):
    transaction = firestore.transaction()
    transaction._begin()
    ended = transaction.id
    transaction._rollback()
    transaction._id = ended

    with pytest.raises(InvalidArgument):
        counter.get(transaction=transaction)


def test_waiting_ends_at_last():
    with FirestoreDouble(lock_timeout=0.1) as double, connected(double.host) as firestore:
        document = firestore.document("c/a")
        document.set({})
        transaction = firestore.transaction()
        transaction._begin()
        document.get(transaction=transaction)

        with pytest.raises(Aborted):
            document.set({"v": 1})
        transaction._rollback()
        document.set({"v": 2})

        assert document.get().to_dict() == {"v": 2}
