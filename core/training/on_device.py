"""Mock skies drawn where the network computes: on a graphics card no event has to be carried there.

The skies are distributed as those of :func:`~..mock_events.draw_training_events`, and each is drawn in the same step as it
is trained on.
"""
# ruff: noqa: D102  (call and compute_output_spec are the contract of Keras)

import math

import keras
import numpy as np
from keras import ops, random

from ..mock_events.alias import alias_table
from ..network.losses import accuracy, cross_entropy


class SkyDrawer(keras.layers.Layer):
    """Draws the mock skies of one step.

    Every second sky is isotropic, the first among them; the others have a log-uniform number of events from the source.

    Parameters
    ----------
    densities : sequence of SkyDensity
        Each sky with a source has the source of one of them; the isotropic events are those of the first.
    n_events : int
        In each sky.

    Input shape
        (batch, 1), of any content: as many skies as there are rows are drawn.
    Output shape
        Integers ``ipix * n_bins + bin``, (batch, n_events), and labels, (batch, 1), 1 where there is a source.
    """

    def __init__(self, densities, n_events, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        tables = [alias_table(density.source) for density in densities] + [alias_table(densities[0].isotropic)]
        self.n_events, self._sources, self._cells = int(n_events), len(densities), len(tables[0])
        self._shares = np.concatenate([table[:, 0] for table in tables]).astype("float32")
        self._aliases = np.concatenate([table[:, 1] for table in tables]).astype("int32")
        self._seeds = random.SeedGenerator(0)

    def reseed(self, rng):
        """Start the random numbers of the device from those of ``rng``, a :class:`numpy.random.Generator`."""
        self._seeds.state.assign(rng.integers(2**32, size=2, dtype="uint32"))

    def compute_output_spec(self, ticks):
        return keras.KerasTensor((ticks.shape[0], self.n_events), "int32"), keras.KerasTensor((ticks.shape[0], 1), "float32")

    def call(self, ticks):
        batch, n = ops.shape(ticks)[0], self.n_events
        labels = ops.expand_dims(ops.arange(batch, dtype="int32") % 2, 1)
        number = ops.exp(random.uniform((batch, 1), seed=self._seeds) * math.log(n + 1))
        number = labels * ops.clip(ops.cast(number, "int32"), 1, n)
        source = random.randint((batch, 1), 0, self._sources, seed=self._seeds)
        table = ops.where(ops.expand_dims(ops.arange(n, dtype="int32"), 0) < number, source, self._sources)
        # a slot and a share of their own: one number of 24 bits is too coarse for both
        slot = random.randint((batch, n), 0, self._cells, seed=self._seeds)
        place = table * self._cells + slot
        own = random.uniform((batch, n), seed=self._seeds) < ops.take(self._shares, place)
        return ops.where(own, slot, ops.take(self._aliases, place)), ops.cast(labels, "float32")


class Outcomes(keras.layers.Layer):
    """From log odds and labels, as :func:`~..network.losses.cross_entropy` takes them, to the cross-entropy of each sky, (batch, 1),
    and whether it was told right.
    """

    def __init__(self, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})

    def compute_output_shape(self, input_shape):
        return input_shape[1], input_shape[1]

    def call(self, inputs):
        scores, labels = inputs
        return cross_entropy(labels, scores), accuracy(labels, scores)


class SelfFed:
    """A network that draws the skies it is trained on.

    Parameters
    ----------
    model : keras.Model
        Made by :func:`~..network.event_network` and compiled; its weights and its optimizer are trained.
    densities : sequence of SkyDensity
    n_events : int
    """

    def __init__(self, model, densities, n_events):
        ticks = keras.Input((1,), name="ticks")
        self._drawer = SkyDrawer(densities, n_events, name="skies")
        cells, labels = self._drawer(ticks)
        losses, hits = Outcomes(name="outcomes")([model(cells), labels])
        self.model = keras.Model(ticks, [losses, hits], name=f"{model.name}_self_fed")
        accuracy = keras.metrics.MeanMetricWrapper(lambda _, hit: hit, name="accuracy")
        self.model.compile(optimizer=model.optimizer, loss=[lambda _, loss: loss, None], metrics=[None, accuracy])

    def reseed(self, rng):
        """See :meth:`SkyDrawer.reseed`."""
        self._drawer.reseed(rng)

    def step(self, batch_size):
        """Draw so many skies and train on them; returns their mean ``loss`` and ``accuracy``."""
        nothing = np.zeros((batch_size, 1), dtype=np.float32)
        found = self.model.train_on_batch(nothing, [nothing, nothing], return_dict=True)
        return {name: next(value for key, value in found.items() if key.endswith(name)) for name in ("loss", "accuracy")}
