"""The one table of `make bench`: what was timed beside the plain way to do the same, and what has an aim instead.

The ways take turns and the shortest processor time of each counts, which says the same on a busy machine; wall time is used
where a person waits. The table goes to `build/bench.md`.
"""

import os
import platform
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATH = ROOT / "build" / "bench.md"
ROUNDS = 3


@dataclass(frozen=True)
class Row:
    """One line of the table, as text."""

    what: str
    plain_way: str
    plain: str
    ours: str
    ratio: str
    aim: str


class RatioTable:
    """Collects rows in the order in which they are measured."""

    def __init__(self):
        self.rows = []

    def race(self, what, plain_way, plain, ours, *, unit, aim=None, rounds=ROUNDS, clock=time.process_time):
        """Time two ways in turns and add a row.

        Parameters
        ----------
        what, plain_way : str
        plain, ours : (callable, float)
            What is timed, and how many units one call does: the plain way may do fewer.
        unit : str
            Of which both do so many a second.
        aim : float, optional
            Smallest ratio that is wanted.
        rounds : int, optional
        clock : callable, optional
            Processor time by default.

        Returns
        -------
        float
            How many times as fast ours is.
        """
        seconds = take_turns({"plain": plain[0], "ours": ours[0]}, rounds, clock)
        return self.compare(what, plain_way, plain[1] / seconds["plain"], ours[1] / seconds["ours"], unit=f"{unit}/s", aim=aim)

    def compare(self, what, plain_way, plain, ours, *, unit, aim=None, fewer=False):
        """Add a row of two measured numbers; returns the ratio, above 1 where ours is better.

        ``fewer`` says that less is better, as of memory.
        """
        ratio = plain / ours if fewer else ours / plain
        self.rows.append(Row(
            what, plain_way, f"{number(plain)} {unit}", f"{number(ours)} {unit}", number(ratio), "" if aim is None else f"ratio {aim:g}"
        ))
        return ratio

    def within(self, what, value, aim, *, unit, fewer=True):
        """Add a row of a number that has an aim and no plain way; returns how many times better than the aim it is."""
        ratio = aim / value if fewer else value / aim
        self.rows.append(Row(what, "–", "–", f"{number(value)} {unit}", f"{number(ratio)} of the aim", f"{number(aim)} {unit}"))
        return ratio

    def text(self):
        """Return the table in Markdown, with what it was measured on."""
        lines = [
            f"Measured on {machine()}; {threads()}; load {os.getloadavg()[0]:.1f} at the end. Ratio: how many times better than the plain way.", "",
            "| what | plain way | plain | ours | ratio | aim |", "| --- | --- | --- | --- | --- | --- |",
        ]
        lines += [f"| {' | '.join(vars(row).values())} |" for row in self.rows]
        return "\n".join([*lines, ""])

    def write(self):
        """Write the table to :data:`PATH`."""
        PATH.parent.mkdir(exist_ok=True)
        PATH.write_text(self.text(), encoding="utf-8")


TABLE = RatioTable()


def take_turns(ways, rounds=ROUNDS, clock=time.process_time):
    """Call each way in turns, once before it counts; returns the shortest seconds of each, ``{name: seconds}``."""
    for way in ways.values():
        way()
    shortest = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, way in ways.items():
            began = clock()
            way()
            shortest[name] = min(shortest[name], clock() - began)
    return shortest


def number(value):
    """Return three digits that a person can read: 12,300 or 0.0123."""
    return f"{float(f'{value:.3g}'):,.0f}" if value >= 100 else f"{value:.3g}"


def machine():
    """Processor, Python and the packages whose speed this is."""
    try:
        found = [line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    except OSError:
        found = []
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "keras", "tensorflow"))
    return f"{os.cpu_count()} cores of {found[0] if found else platform.machine()}, Python {platform.python_version()}, {packages}"


def threads():
    """How many threads libraries may use."""
    return f"{os.environ.get('OMP_NUM_THREADS', 'any number of')} thread(s)"
