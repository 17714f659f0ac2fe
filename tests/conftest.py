"""Fixtures of every test; importing `main` makes this checkout the package `zevatron`."""

import numpy as np
import pytest

import main  # noqa: F401


@pytest.fixture
def rng():
    """A generator that gives the same numbers in every run."""
    return np.random.default_rng(20261123)
