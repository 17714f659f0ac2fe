"""Where nuclei of a source are seen at Earth, per rigidity."""

from .assembly import POINTS_PER_DECADE, SourceLens, rigidity_grid, source_lens

__all__ = ["POINTS_PER_DECADE", "SourceLens", "rigidity_grid", "source_lens"]
