"""Test statistics and what they can detect.

A statistic is any object with a ``name`` and ``scores(events)``, which gives one number per mock sky, larger for skies
that look more like the source's. That orientation is part of the definition: nothing here turns a statistic round.
"""

from .fixed_number import FixedNumberRatio
from .halves import TemplateChoice, limit_verdict
from .likelihood import LikelihoodRatio
from .roc import area_under_curve, roc_curve, threshold_at
from .verdicts import Verdict, likelihood_verdict, verdict

__all__ = [
    "FixedNumberRatio", "LikelihoodRatio", "TemplateChoice", "Verdict", "area_under_curve", "likelihood_verdict", "limit_verdict", "roc_curve",
    "threshold_at", "verdict",
]
