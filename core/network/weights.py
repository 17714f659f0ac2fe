"""Initial weights of a network from one seed."""

import keras


def seeded_initializers(seed):
    """Yield Glorot's uniform initialisers, each with a seed of its own (none if ``seed`` is None)."""
    number = 0
    while True:
        yield keras.initializers.GlorotUniform(None if seed is None else seed * 1000 + number)
        number += 1
