"""Work that is cancelled begins nothing more."""

import os
import threading
import time

import numpy as np
import pytest

from tests.core.training_runs import small_density
from zevatron.core.errors import CancelledError
from zevatron.core.progress import Progress
from zevatron.core.statistics import power_spectrum
from zevatron.core.statistics import trials as module


class Slow:
    """A statistic that takes its time."""

    name, thread_safe = "slow", True

    def __init__(self):
        self.begun = 0

    def scores(self, events):
        self.begun += 1
        time.sleep(0.05)
        return np.zeros(events.n_maps)


@pytest.mark.parametrize("in_threads", [True, False])
def test_no_batch_is_scored_after_a_limit_was_cancelled(in_threads, monkeypatch):
    monkeypatch.setattr(module, "EVENTS_PER_BATCH", 50)
    progress, statistic = Progress(), Slow()
    statistic.thread_safe = in_threads
    trials = module.Trials(small_density(), 50, 2000, seed=1, progress=progress)  # one sky in a batch
    threading.Timer(0.5, progress.cancel).start()
    began = time.monotonic()
    with pytest.raises(CancelledError):
        trials.scores(statistic, None, range(2000))
    assert time.monotonic() - began < 5  # all would take a minute or so
    begun = statistic.begun
    time.sleep(0.3)
    assert statistic.begun == begun < 500


def test_isotropic_spectra_are_given_up_at_once_and_tell_how_far_they_are(monkeypatch):
    density, heard = small_density(), []
    progress = Progress()
    progress.show = lambda stage, done, total, values: heard.append(done / total)
    power_spectrum.isotropic_spectra(density, 30, seed=1, n_maps=4000, progress=progress)
    assert heard == [0.25, 0.5, 0.75, 1.0]
    spectra, scored = power_spectrum.SkySpectra(density), []
    of = spectra.of

    def score(events):
        scored.append(events.n_maps)
        if len(scored) == 5:
            progress.cancel()
        return of(events)

    monkeypatch.setattr(spectra, "of", score)
    with pytest.raises(CancelledError):
        power_spectrum.isotropic_spectra(density, 1000, 1, spectra, n_maps=6000, progress=progress)
    assert set(scored) == {30}  # skies at a time: 30,000 events, in which a power spectrum takes a moment
    assert len(scored) < 5 + 2 * (os.cpu_count() or 1)  # of 200: what was under way in each thread
