"""Which articles a run rests on, as BibTeX: one registry by model, entries in ``resources/citations.bib``."""

import functools
import re

from .galactic_field.members import field_members
from .network.registry import NETWORKS
from .observatory import UNIFORM
from .resources import resource_path

ALWAYS = ("Kalashev2021", "Kalashev2020")  # the analysis that Zevatron follows
TOOLS = ("Gorski2005", "Zonca2019", "Harris2020", "Virtanen2020", "Astropy2022", "Lam2015", "Hunter2007")
KERAS = ("Keras", "Abadi2015")
PROPAGATION = ("Puget1976", "Stecker1999")
FIELDS = {  # by module of the model and of its random part
    "jf12_regular": ("Jansson2012regular",), "jf12planck_regular": ("Jansson2012regular", "Planck2016field"),
    "jf12sol_regular": ("Jansson2012regular", "Kleimann2019"), "random": ("Jansson2012random",), "pt11": ("Pshirkov2011",),
    "tf17": ("Terral2017",), "uf23": ("Unger2024",), "uniform": (),
}
EMISSION = {
    "kkos": ("Kachelriess2017",), "kkos_common": ("Kachelriess2017",), "auger2017": ("Auger2017fit",),
    "auger2017_second": ("Auger2017fit",), "auger2017_systematics": ("Auger2017fit",), "auger2017_ctg": ("Auger2017fit",),
    "auger2017_ctg_second": ("Auger2017fit",), "auger2023": ("Auger2023fit",), "power_law": (), "table": (), "published": (),
}
BACKGROUND = {"kkos": ("Kachelriess2017",), "auger2020": ("Auger2020spectrum",), "ta2019": ("TA2019spectrum",)}
LIGHT = {"inoue12": ("Inoue2013",), "gilmore12": ("Gilmore2012",)}
EXPOSURE = {
    UNIFORM: (), "auger": ("Sommers2001", "Auger2022list"), "auger_vertical": ("Sommers2001",),
    "telescope_array": ("Sommers2001", "TA2014list"), "auger_ta": ("Sommers2001", "Auger2022list", "TA2014list"),
    "poemma": ("Sommers2001", "POEMMA2021"), "k_euso": ("Sommers2001", "KEUSO2022"), "site": ("Sommers2001",), "map": (),
}
STATISTIC = {
    "likelihood_ratio": (), "robust_likelihood_ratio": (), "maximum_likelihood_ratio": ("Auger2018TS",),
    "power_spectrum": ("Kalashev2019", "Huelss2007"), "power_spectrum_squared": ("Kalashev2019", "Huelss2007"),
    "bcnn": ("Kalashev2021",), "cnn": ("Kalashev2020",), "deepsphere": ("Perraudin2019", "Defferrard2016"),
    "event_graph": ("Wang2019", "Bister2021"), "density_ratio": (), "spectrum_network": (),
}
OPTIMIZER = {"adadelta": ("Zeiler2012",), "adam": ("Kingma2014",)}


@functools.cache
def entries():
    """Return every BibTeX entry of ``resources/citations.bib``, ``{key: text}``."""
    text = resource_path("citations.bib").read_text(encoding="utf-8")
    found = re.split(r"(?m)^(?=@)", text)
    return {re.match(r"@\w+\{([^,]+),", entry)[1]: entry.strip() for entry in found if entry.strip()}


def field_citations(model):
    """Return the keys of a Galactic field model of :data:`.galactic_field.registry.FIELD_MODELS`; none of a lens made elsewhere."""
    from .galactic_field.registry import FIELD_MODELS

    entry = FIELD_MODELS.get(model)
    if entry is None:
        return ()
    return FIELDS[entry.factory if entry.factory in FIELDS else entry.module] + (FIELDS["random"] if entry.random else ())


def citations(config, statistics=()):
    """List what has to be cited for a run.

    Parameters
    ----------
    config : RunConfig
    statistics : iterable of str, optional
        Statistics and kinds of networks that were used; those that are not known here have no article of their own.

    Returns
    -------
    tuple of str
        Keys of :func:`entries`, each once: the analysis, physics in the order of the chain, methods, tools.
    """
    keys = [*ALWAYS, *EMISSION[config.emission.model], *BACKGROUND[config.energy.background]]
    if config.emission.model != "published":
        keys += [*PROPAGATION, *LIGHT[config.propagation.ebl]]
    for field, _ in field_members(config.field):
        keys += field_citations(field.model)
    keys += EXPOSURE[config.observatory.exposure]
    for name in statistics:
        keys += STATISTIC.get(name, ())
        if name in NETWORKS:
            keys += [*OPTIMIZER[NETWORKS[name].optimizer], *KERAS]
    return tuple(dict.fromkeys([*keys, *TOOLS]))


def bibtex(keys):
    """Return the BibTeX text of the given keys."""
    return "\n\n".join(entries()[key] for key in keys) + "\n"


def plain(key):
    """Return one line for a reader: authors, title, where, year."""
    entry = entries()[key]

    def value(name):
        found = re.search(rf"\b{name} = \{{((?:[^{{}}]|\{{(?:[^{{}}]|\{{[^{{}}]*\}})*\}})*)\}}", entry)
        return re.sub(r"\\[`'\"]|[{}$]|\\", "", found[1].replace("{\\ss}", "ss").replace("\\times", "x")) if found else ""

    where = " ".join(filter(None, (value("journal") or value("booktitle") or value("howpublished"), value("volume"), value("pages"))))
    return ", ".join(filter(None, (value("author"), value("title"), where, value("year"), value("eprint") and f"arXiv:{value('eprint')}")))
