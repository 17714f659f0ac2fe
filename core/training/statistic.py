"""A trained network as a test statistic."""

import logging
from pathlib import Path

import numpy as np

from ..backend import is_out_of_memory
from ..errors import InputError
from ..network import event_network, input_maps, load_network
from .trained_for import is_of_unknown_origin, origin, scenario_differences, trained_density

LOG = logging.getLogger(__name__)
BATCH_SIZE = 128


class NetworkStatistic:
    """Log odds of a source that a network gives to a sky: larger, more source-like.

    Log odds order skies as the probability does, but do not run together at 1. A network of other origin without a
    layer ``log_odds`` gives its output as it is.

    Parameters
    ----------
    model : Path or keras.Model
        A ``.keras`` file, such as ``best.keras`` of a run folder, or a network from counts, (batch, npix, n_bins) in
        NESTED order, to one number.
    batch_size : int, optional
        Skies scored in one step.

    Attributes
    ----------
    name : str
        Kind of the network: ``"bcnn"``.
    nside, n_bins : int
    record : dict
        What it was trained for; empty if unknown.

    Raises
    ------
    InputError, DamagedFileError
        If there is no such file or it is not such a network.
    """

    thread_safe = False

    def __init__(self, model, batch_size=BATCH_SIZE):
        self.path = None if hasattr(model, "predict_on_batch") else Path(model)
        network, self.record = (model, {}) if self.path is None else load_network(self.path)
        self.nside, self.n_bins = input_maps(network, self.path or network.name)
        self.name = self.record.get("kind", network.name)
        self._batch_size = batch_size
        self._warned = False
        self._model = event_network(network)

    def scores(self, events):
        """Return the log odds of each sky.

        Parameters
        ----------
        events : MockEvents
            Of the same ``nside`` and ``n_bins``; a network of one bin takes them all together.

        Returns
        -------
        ndarray, shape (n_maps,)

        Raises
        ------
        InputError
            If events and network have different pixels or bins.
        """
        self._require(events.nside, events.n_bins, "events")
        if events.n_bins != self.n_bins:
            events = events.summed()
        return scored(self._model, events, self._batch_size)

    def check_fits(self, config):
        """Raise :class:`InputError` if a run has other maps than the network; warn where its scenario differs."""
        self._require(config.sky.nside, config.energy.bin_count, "a run")
        if self.path is not None and is_of_unknown_origin(self.record):
            LOG.warning("%s", origin(self.record, self.path))
        differences = scenario_differences(self.record, config)
        if differences:
            LOG.warning("the network was trained for another scenario: %s", "; ".join(differences))
        self._warned = bool(differences)

    def on_skies_of(self, density):
        """Return the statistic; warn, once, if the density is not the one it was trained on although the settings are."""
        trained_on = trained_density(self.record)
        if trained_on is not None and trained_on != density.digest and not self._warned:
            LOG.warning(
                "the network was trained on another density of the same settings (digest %s, now %s): its lens was traced anew, or by "
                "another version", trained_on, density.digest,
            )
            self._warned = True
        return self

    def _require(self, nside, n_bins, what):
        if nside != self.nside or self.n_bins not in (1, n_bins):
            raise InputError(
                f"{self.path or self.name}: expected {what} of nside {self.nside} in {self.n_bins} bins, received "
                f"nside {nside} in {n_bins} bins"
            )


def event_cells(events):
    """Turn :class:`~..mock_events.MockEvents` into the network's integers ``ipix * n_bins + bin``, (n_maps, n_events)."""
    return events.ipix.astype(np.int32) * np.int32(events.n_bins) + events.bin


def scored(model, events, batch_size, step=None):
    """Score skies batch by batch.

    Parameters
    ----------
    model : keras.Model
        Made by :func:`~..network.event_network`.
    events : MockEvents
    batch_size : int
        The last batch is filled up with empty skies, so that every step has one shape. Halved where memory does not suffice.
    step : callable, optional
        ``step(done, total)`` is called after each batch.

    Returns
    -------
    ndarray of float32, shape (n_maps,)
    """
    cells = event_cells(events)
    scores = np.empty(len(cells), dtype=np.float32)
    done = 0
    while done < len(cells):
        batch = cells[done : done + batch_size]
        filled = np.full((batch_size, cells.shape[1]), -1, dtype=np.int32)
        filled[: len(batch)] = batch
        try:
            found = np.ravel(model.predict_on_batch(filled))
        except Exception as error:
            if batch_size == 1 or not is_out_of_memory(error):
                raise
            LOG.warning("memory does not suffice to score %d skies in one step; going on with %d", batch_size, batch_size // 2)
            batch_size //= 2
            continue
        scores[done : done + len(batch)] = found[: len(batch)]
        done += len(batch)
        if step:
            step(done, len(cells))
    return scores
