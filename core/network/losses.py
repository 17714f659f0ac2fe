"""What a training makes small, and the share of skies that it reports."""
# ruff: noqa: D102  (call and get_config are the contract of Keras)

import keras
from keras import ops

from .layers import register


def cross_entropy(labels, scores):
    """Return the binary cross-entropy of each sky; events teach with it.

    Parameters
    ----------
    labels : tensor, shape (batch, 1)
        1 where there is a source.
    scores : tensor, shape (batch, 1 + m)
        Log odds: of the sky, then, if the network gives any, of each of its events. The cross-entropies of these are part of
        the gradient but not of the value, which stays that of skies, to be held against validation skies and other networks.

    Returns
    -------
    tensor, shape (batch, 1)
    """
    each = ops.softplus(scores) - ops.cast(labels, scores.dtype) * scores
    events = ops.sum(each[:, 1:], axis=1, keepdims=True)
    return each[:, :1] + events - ops.stop_gradient(events)


def accuracy(labels, scores):
    """Return 1 for each sky that is told right, else 0; arguments as those of :func:`cross_entropy`."""
    return ops.cast((scores[:, :1] > 0) == (labels > 0.5), "float32")


@register
class SkyCrossentropy(keras.losses.Loss):
    """Mean of :func:`cross_entropy`."""

    def call(self, y_true, y_pred):
        return cross_entropy(y_true, y_pred)


@register
class SkyAccuracy(keras.metrics.MeanMetricWrapper):
    """Mean of :func:`accuracy`."""

    def __init__(self, name="accuracy", dtype=None):
        super().__init__(accuracy, name=name, dtype=dtype)

    def get_config(self):
        return {"name": self.name, "dtype": self.dtype}
