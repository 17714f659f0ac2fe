"""What is kept in memory: never more bytes than were allowed, and what was asked for last stays."""

import threading
from types import SimpleNamespace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from zevatron.core.storage.kept import Store, forget_all, kept_within, n_bytes

SIZE = 250


def block(size):
    return np.zeros(size, np.uint8)


def test_what_is_kept_is_bounded_and_the_oldest_goes():
    store, values = Store(SIZE), {key: block(100) for key in "abcd"}
    for key in "abc":
        store.put(key, values[key])
        store.get("a")
    assert [store.get(key) is not None for key in "abc"] == [True, False, True]
    store.put("d", block(1000))
    assert [store.get(key) is not None for key in "acd"] == [False, False, True]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 300)), max_size=30))
def test_the_newest_is_there_and_all_together_take_no_more_than_allowed(puts):
    store = Store(SIZE)
    for key, size in puts:
        value = {"a": block(size)}
        store.put(key, value)
        assert store.get(key) is value
        assert store.n_bytes <= SIZE or len(store) == 1


def test_what_is_needed_together_stays_together():
    store = Store(SIZE)
    store.least = 4
    for key in "abcde":
        store.put(key, block(100))
    assert [store.get(key) is not None for key in "abcde"] == [False, True, True, True, True]


@given(st.lists(st.tuples(st.integers(0, 5), st.lists(st.integers(0, 4), max_size=3)), max_size=30))
def test_bytes_are_those_of_all_arrays_that_are_kept(puts):
    shared, store = [block(30 * n) for n in range(5)], Store(SIZE)
    for key, which in puts:
        store.put(key, [shared[n] for n in which])
        values = [value for n in range(6) if (value := store.get(n)) is not None]
        assert store.n_bytes == n_bytes(values)


def test_an_array_that_several_share_is_counted_once():
    store, shared = Store(SIZE), block(100)
    for number in range(10):
        store.put(number, SimpleNamespace(template=shared, own=block(10)))
    assert len(store) == 10 and store.n_bytes == 200
    assert n_bytes((shared, shared, {"x": [block(5)]}, "text", None)) == 105


def test_a_function_is_called_once_for_what_is_kept_and_keys_count():
    class Density:
        def __init__(self):
            self.source = block(120)

    calls = []

    @kept_within(SIZE)
    def doubled(density, width):
        calls.append(width)
        return density.source[: int(width)] * 2

    first, second = Density(), Density()
    assert doubled(first, 5.0) is doubled(first, 5.0) and calls == [5.0]
    doubled(first, 6.0)
    doubled(second, 5.0)
    assert doubled.store.n_bytes <= SIZE and len(doubled.store) < 3
    threads = [threading.Thread(target=doubled, args=(second, width)) for width in (1.0, 2.0, 3.0) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert doubled.store.n_bytes <= SIZE
    forget_all()
    assert len(doubled.store) == 0
