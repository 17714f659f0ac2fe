"""Test statistics and what they can detect.

A statistic is any object with a ``name`` and ``scores(events)``, which gives one number per mock sky, larger for skies
that look more like the source's. That orientation is part of the definition: nothing here turns a statistic round.

The list of statistics (:mod:`.registry`) loads nothing; numba is loaded when one of the names below is first used.
"""

import importlib

_HOMES = {
    "AveragedLikelihoodRatio": "average", "FixedNumberRatio": "fixed_number", "LikelihoodRatio": "likelihood",
    "MaximumLikelihoodRatio": "maximum_likelihood",
    "SpectrumDeviation": "power_spectrum", "TemplateChoice": "halves", "Verdict": "verdicts", "area_under_curve": "roc",
    "li_ma": "significance", "likelihood_verdict": "verdicts", "limit_verdict": "halves", "named_verdict": "verdicts",
    "roc_curve": "roc", "significance_maps": "significance", "threshold_at": "roc", "verdict": "verdicts",
}

__all__ = [
    "AveragedLikelihoodRatio", "FixedNumberRatio", "LikelihoodRatio", "MaximumLikelihoodRatio", "SpectrumDeviation", "TemplateChoice", "Verdict",
    "area_under_curve", "li_ma", "likelihood_verdict", "limit_verdict", "named_verdict", "roc_curve", "significance_maps",
    "threshold_at", "verdict",
]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
