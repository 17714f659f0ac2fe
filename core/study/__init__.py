"""From configurations to tables of the smallest detectable fraction.

A run is a grid of cells, one for each source and number of events (:mod:`.grid`). A study is a base run, axes of further
settings and a list of statistics (:mod:`.plan`); each of its cells is a folder with its own result (:mod:`.cell`), so that
nothing is computed twice and a failed cell does not stop the rest (:mod:`.engine`), on this machine or on many (:mod:`.cluster`).
"""

from .engine import run_study
from .grid import (
    beside_limits,
    grid_verdicts,
    likelihood_verdicts,
    network_verdicts,
    run_cells,
    statistic_verdicts,
    template_pairs,
)
from .plan import Study, StudyCell, make_study, read_study
from .results import read_result, result_document, verdict_from_entry, write_result
from .tables import eta_columns, eta_latex, write_eta_tables

__all__ = [
    "Study", "StudyCell", "beside_limits", "eta_columns", "eta_latex", "grid_verdicts", "likelihood_verdicts", "make_study",
    "network_verdicts", "read_result", "read_study", "result_document", "run_cells", "run_study", "statistic_verdicts", "template_pairs",
    "verdict_from_entry", "write_eta_tables", "write_result",
]
