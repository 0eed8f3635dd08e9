"""Whatever is in a file from elsewhere, its reader ends in what it read or in an error of ours, and soon."""

import random
import shutil
import zlib

import pytest
from conftest import CI
from fuzz_targets import CORPUS, TARGETS, attempt, corpus, mutated

ROUNDS = 120 if CI else 25


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_what_once_failed_and_what_is_read_on_good_days(name, tmp_path):
    seeds = TARGETS[name].seeds()
    assert seeds
    for n, data in enumerate([*seeds, *corpus(name), b""]):
        attempt(TARGETS[name], data, fresh(tmp_path, n))


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_what_was_changed_by_lot(name, tmp_path):
    target, rng = TARGETS[name], random.Random(zlib.crc32(name.encode()))
    seeds = [*target.seeds(), *corpus(name)]
    for n in range(ROUNDS // target.slow):
        data = mutated(rng.choice(seeds), rng, rng.choice(seeds))
        attempt(target, data, fresh(tmp_path, n))


def fresh(tmp_path, n):
    folder = tmp_path / str(n)
    folder.mkdir()
    if n:
        shutil.rmtree(tmp_path / str(n - 1))
    return folder


def test_the_corpus_is_of_readers_that_there_are():
    assert {path.name for path in CORPUS.iterdir()} <= set(TARGETS)
