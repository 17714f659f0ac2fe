"""What a study will take, before it starts.

The rates are those of one processor core, measured as docs/studies.md says; where the study's folder has cells of the same statistic that
are done, the estimate is scaled to what these took.
"""

import contextlib
import os
import statistics
from dataclasses import dataclass

import numpy as np

from ..config import IMPORTED_FIELD
from ..progress import format_duration
from ..sources import selected_sources
from .cell import cell_state
from .engine import cell_path

START = 0.5  # s: densities and figures of a verdict
SIGNALS = 7  # fractions that the search for the smallest one tries on all test skies, besides the isotropic ones
SKIES = {  # skies of 300 events at Nside 32 that a core draws and scores in a second
    "likelihood_ratio": 120_000, "maximum_likelihood_ratio": 73_000, "power_spectrum": 10_600, "power_spectrum_squared": 10_400,
    "robust_likelihood_ratio": 50_000,
}
NETWORKS = {  # skies that a core trains on in a second, and scores; with the network's own feature maps, Nside 32, 15 bins, 300 events
    "bcnn": (94, 234), "cnn": (300, 590), "density_ratio": (2200, 2700), "deepsphere": (60, 140), "event_graph": (170, 280),
    "spectrum_network": (350, 320),
}
BASE_MEMORY, NETWORK_MEMORY = 370.0, 2200.0  # MiB
KEPT_EVENTS, EVENT_MEMORY = 32e6, 6 / 2**20
"""Isotropic skies that are kept, as of :mod:`~..statistics.trials`, in events, and MiB of one."""
CELL_DISK = 0.03  # MiB: run, result, state
NETWORK_DISK = {  # MiB of best, last and previous network with their optimizers; own feature maps, Nside 32, 15 bins
    "bcnn": 8.0, "cnn": 1.3, "density_ratio": 12.4, "deepsphere": 1.0, "event_graph": 2.0, "spectrum_network": 1.2,
}
OF_PIXELS = ("density_ratio",)  # networks whose weights are those of a map
DENSITY_DISK = 1.0  # MiB of the density in a training, Nside 32, 15 bins
STRAIGHT = 0.05  # s of a core: a map where nothing is bent
COARSE = {False: 0.4, True: 2.0}  # s of a core: rays over the whole sky at one rigidity; whether the field has a random part
IMAGE = 1.1  # s of a core: the image of a source in one band, coarse passes not counted


@dataclass(frozen=True)
class Cost:
    """What a cell takes: seconds of a processor core, of which ``lens`` for tracing, memory and, for its folder, disk in MiB."""

    processor: float
    lens: float
    memory: float
    disk: float


@dataclass(frozen=True)
class StudyCost:
    """Cells of a study with what they will take.

    Attributes
    ----------
    cells : tuple of (StudyCell, str, Cost)
        The state is that of :class:`.cell.CellState`; the cost of a cell that is done is what it took.
    measured : dict of str to int
        Number of cells in the folder, by statistic, to which the estimate is scaled.
    """

    cells: tuple
    measured: dict

    @property
    def left(self):
        """Those that are not done."""
        return [entry for entry in self.cells if entry[1] != "done"]

    @property
    def processor(self):
        """Seconds of a processor core for what is left."""
        return sum(cost.processor for _, _, cost in self.left)

    @property
    def memory(self):
        """Largest memory of one cell that is left, MiB."""
        return max((cost.memory for _, _, cost in self.left), default=0.0)

    @property
    def disk(self):
        """Disk for what is left, MiB; traced maps, which stay in the cache, not counted."""
        return sum(cost.disk for _, _, cost in self.left)


def study_cost(study, folder=None, check_cancelled=lambda: None):
    """Estimate what a study takes.

    Parameters
    ----------
    study : Study
    folder : path-like, optional
        Of the study: cells that are done in it cost nothing more, and tell what others cost.
    check_cancelled : callable, optional
        May raise to end it early.

    Returns
    -------
    StudyCost
    """
    entries, lenses = [], _Lenses()
    for cell in study.cells():
        check_cancelled()
        path = cell_path(folder, cell) if folder else None
        state = cell_state(path) if folder else None
        entries.append((cell, state, _size(path) if state and state.state == "done" else 0.0))
    ratios = _ratios(entries)
    cells = []
    for cell, state, disk in entries:
        check_cancelled()
        if state and state.state == "done":
            cells.append((cell, "done", Cost(state.processor, 0.0, state.memory, disk)))
            continue
        known, lens = ratios.get(cell.statistic), lenses.seconds(cell.config)
        cost = Cost(_processor(cell) + lens, lens, _memory(cell), _disk(cell)) if known is None else Cost(
            known.processor * _processor(cell) + lens, lens, known.memory or _memory(cell), known.disk * _disk(cell)
        )
        cells.append((cell, state.state if state else "waiting", cost))
    return StudyCost(tuple(cells), {name: known.number for name, known in ratios.items()})


def summary(found):
    """Return in one line what is left of a :class:`StudyCost` and what it takes."""
    left, cores = len(found.left), os.cpu_count() or 1
    text = f"{len(found.cells)} cells, {len(found.cells) - left} done"
    if not left:
        return text
    rates = "rates of docs/studies.md"
    scaled = ", ".join(f"{number} of {name}" for name, number in found.measured.items())
    if scaled:
        rates += f", scaled to cells done here ({scaled})"
    return (
        f"{text}; the others take about {format_duration(found.processor)} of one core ({format_duration(found.processor / cores)} "
        f"if {cores} cores were kept busy), {found.memory:.0f} MiB for the largest, {_size_words(found.disk)} on disk; from {rates}"
    )


def _size_words(mebibytes):
    return f"{mebibytes / 1024:.1f} GiB" if mebibytes >= 1024 else f"{max(mebibytes, 0.1):.1f} MiB"


def _size(path):
    """MiB of the files in a folder."""
    size = 0
    for entry in path.rglob("*"):
        with contextlib.suppress(OSError):  # it may go while we look
            size += entry.stat().st_size if entry.is_file() else 0
    return size / 2**20


@dataclass(frozen=True)
class _Measured:
    """What cells that were done at one go took: how many, taken over estimated time and disk (medians), largest memory."""

    number: int
    processor: float
    memory: float
    disk: float


def _ratios(entries):
    """Return what was measured of each statistic."""
    found = {}
    for cell, state, disk in entries:
        if state and state.state == "done" and state.attempts == 1 and state.processor > 0:
            found.setdefault(cell.statistic, []).append((state.processor / _processor(cell), state.memory, disk / _disk(cell)))
    return {name: _measured(*zip(*taken, strict=True)) for name, taken in found.items()}


def _measured(processor, memory, disk):
    return _Measured(len(processor), statistics.median(processor), max(memory), statistics.median(disk))


def _processor(cell):
    """Seconds of a core but for tracing."""
    config = cell.config
    test, (n_events,) = config.test, config.events.n_events
    skies = (1 + SIGNALS) * test.maps + test.check_maps
    limit = skies / SKIES["likelihood_ratio"] * n_events / 300
    if cell.statistic == "likelihood_ratio":
        return START + limit
    if not cell.is_network:
        pixels = (config.sky.nside / 32) ** 2 if "power" in cell.statistic else n_events / 300
        return START + skies / SKIES[cell.statistic] * pixels + limit
    trained, scored = NETWORKS[cell.statistic]
    training, work = config.training, _network_work(config)
    per_epoch = training.maps_per_epoch / trained + training.validation_maps / scored
    return START + work * (training.epochs * per_epoch + skies / scored) + limit


def _network_work(config):
    """Work of a sky relative to the network as measured: pixels, and feature maps squared; not below a twentieth."""
    return max((config.sky.nside / 32) ** 2 * _width(config), 0.05)


def _width(config):
    """Feature maps relative to the network's own number, squared."""
    from ..network.registry import NETWORKS as REGISTRY

    return (config.network.filter_count / REGISTRY[config.network.kind].filters) ** 2


def _memory(cell):
    """MiB of the processes of a cell."""
    config, (n_events,) = cell.config, cell.config.events.n_events
    kept = min(config.test.maps * n_events, KEPT_EVENTS) * EVENT_MEMORY
    densities = 5 * 12 * config.sky.nside**2 * config.energy.bin_count * 8 / 2**20
    return BASE_MEMORY + kept + densities + (NETWORK_MEMORY if cell.is_network else 0.0)


def _disk(cell):
    """MiB of the folder of a cell."""
    config = cell.config
    if not cell.is_network:
        return CELL_DISK
    pixels = (config.sky.nside / 32) ** 2 * config.energy.bin_count / 15
    size = pixels if cell.statistic in OF_PIXELS else _width(config)
    return CELL_DISK + NETWORK_DISK[cell.statistic] * size + DENSITY_DISK * pixels


class _Lenses:
    """Maps that have to be traced; what several cells need is counted at the first."""

    def __init__(self):
        self._known, self._passes = {}, set()

    def seconds(self, config):
        """Seconds of a core for what comes with Zevatron neither, nor is in the cache, nor was needed by an earlier cell."""
        if config.field.model == IMPORTED_FIELD:
            return 0.0
        from ..galactic_field import galactic_field
        from ..galactic_field.members import field_members
        from ..lens import rigidity_grid

        grid = rigidity_grid(*config.energy.rigidity_range)
        return sum(
            self._of(source, field.model, galactic_field(field), config.sky, grid)
            for field, _ in field_members(config.field) for source in selected_sources(config.sources)
        )

    def _of(self, source, model, galaxy, sky, grid):
        from ..lens.assembly import CHAOTIC, POINTS_PER_DECADE, band
        from ..lens.store import rigidity_key

        known = self._images(source, galaxy, sky)
        missing = [value for value in grid if rigidity_key(value) not in known]
        known.update(rigidity_key(value) for value in missing)
        if model == "none":
            return STRAIGHT * len(missing)
        is_random, before = galaxy.random is not None, len(self._passes)
        for value in missing:
            around = value * 10 ** (np.array([-1, 0, 1]) / POINTS_PER_DECADE)
            passes = band(value, galaxy)[0] if is_random and value < CHAOTIC else around
            self._passes.update((galaxy.digest, rigidity_key(one)) for one in passes)
        return IMAGE * len(missing) + COARSE[is_random] * (len(self._passes) - before)

    def _images(self, source, galaxy, sky):
        """Rigidities whose maps are there, by key; the set is kept and grows."""
        from ..lens.assembly import SHIPPED_ORDER, lens_digest, open_store, shipped_path
        from ..lens.image import source_extent
        from ..lens.store import read_images

        radius, concentration = source_extent(sky)
        digest = lens_digest(source, galaxy, radius, concentration)
        if digest not in self._known:
            found = set(read_images(open_store(source, galaxy, radius, concentration).path, digest))
            if sky.nside <= 2**SHIPPED_ORDER and concentration == 0:
                found |= set(read_images(shipped_path(source, galaxy), digest))
            self._known[digest] = found
        return self._known[digest]
