"""What all figures share: colours, the canvas, axes, files."""

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from ..errors import InputError
from ..storage.files import replacing_path

NETWORK, LIMIT, PUBLISHED, INK = "#c2571a", "#1769aa", "#667085", "#1b2130"
SKY_COLOURS = LinearSegmentedColormap.from_list(
    "paper_to_ink", ["#ffffff", "#fde3c0", "#f6a15f", "#d94f3d", "#8f2469", "#3b1357", "#0d0829"]
)
FORMATS = ("png", "pdf", "svg")


def new_figure(width, height):
    """Return an empty figure of ``width`` by ``height`` inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure, path, dpi=160):
    """Write a figure as PNG, PDF or SVG, by the ending of ``path``."""
    kind = Path(path).suffix.lstrip(".").lower()
    if kind not in FORMATS:
        raise InputError(f"expected a file ending in .png, .pdf or .svg, received {path}")
    with replacing_path(path) as temporary:
        figure.savefig(temporary, format=kind, dpi=dpi, facecolor="white")


def label_axes(axes, x, y):
    """Name both axes and leave the frame open above and on the right."""
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.grid(alpha=0.25, lw=0.5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
