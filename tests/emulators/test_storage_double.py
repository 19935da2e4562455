"""What is said of fake-gcs-server: what our tests may rely on, and what it does unlike Google.

A test of the second kind that fails is good news: something more can be tested here.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from emulators.cloud import Cloud, google_cloud
from emulators.storage import VARIABLE
from google.api_core.exceptions import PreconditionFailed
from google.cloud.storage import Bucket

unlike_google = pytest.mark.skipif(VARIABLE in os.environ, reason="another emulator is used")

LARGE = b"x" * (9 * 1024 * 1024)
"""More than the client sends as one request."""


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with google_cloud() as cloud:
        yield cloud


@pytest.fixture
def bucket(cloud: Cloud) -> Iterator[Bucket]:
    empty = cloud.empty()
    with empty.storage_client() as client:
        yield client.bucket(empty.bucket)


def create(bucket: Bucket, data: bytes) -> bool:
    """Whether an object could be created that must not be there yet."""
    try:
        bucket.blob("a").upload_from_string(data, if_generation_match=0)
    except PreconditionFailed:
        return False
    return True


def test_of_many_who_create_an_object_one_wins(bucket):
    with ThreadPoolExecutor(32) as pool:
        won = list(pool.map(lambda n: create(bucket, b"%d" % n), range(32)))

    assert won.count(True) == 1
    assert bucket.blob("a").download_as_bytes() == b"%d" % won.index(True)


def test_it_takes_more_calls_than_its_log_has_room_for(bucket):
    bucket.blob("a").upload_from_string(b"")

    for _ in range(1000):
        assert bucket.get_blob("a") is not None


def test_each_write_is_a_newer_generation(bucket):
    generations = []
    for _ in range(5):
        blob = bucket.blob("a")
        blob.upload_from_string(b"")
        generations.append(blob.generation)

    assert generations == sorted(set(generations))


@unlike_google
def test_it_lets_a_large_upload_replace_what_is_there(bucket):
    create(bucket, b"")

    assert create(bucket, LARGE)  # Google refuses it


@unlike_google
def test_it_deletes_whatever_the_generation(bucket):
    create(bucket, b"")

    bucket.blob("a").delete(if_generation_match=1)  # Google refuses it


@unlike_google
def test_it_copies_whatever_the_generation(bucket):
    create(bucket, b"")
    blob = bucket.get_blob("a")

    blob.rewrite(blob, if_generation_match=1)  # Google refuses it


@unlike_google
def test_it_reads_whatever_the_precondition(bucket):
    create(bucket, b"there")

    # Google refuses it.
    assert bucket.blob("a").download_as_bytes(if_generation_match=1) == b"there"


@contextmanager
def firestore_program() -> Iterator[str]:
    """The double of Firestore as a program of its own."""
    command = [sys.executable, "-m", "tests.emulators.firestore"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip().removeprefix("export FIRESTORE_EMULATOR_HOST=")
        process.terminate()


def test_emulators_that_the_environment_names_are_used_instead(cloud, monkeypatch):
    with firestore_program() as host:
        monkeypatch.setitem(os.environ, "FIRESTORE_EMULATOR_HOST", host)
        monkeypatch.setitem(os.environ, VARIABLE, cloud.storage)

        with google_cloud() as named, named.adapters() as adapters:
            adapters.store.set_state("a", "b")

            assert (named.firestore, named.storage) == (host, cloud.storage)
            assert adapters.store.get_state("a") == "b"
