"""The sections of a run: every setting with its unit, bounds, choices and help."""

import math
from dataclasses import dataclass

import numpy as np

from ..errors import ConfigError
from ..settings import NOTHING, Section, Table, setting
from ..sky import check_nside

IMPORTED_FIELD = "imported"
LAST_REALISATION = 9999


def field_models():
    """Names of the Galactic field models, in the order of the registry."""
    from ..galactic_field.registry import FIELD_MODELS

    return tuple(FIELD_MODELS)


def field_choices():
    """What a run may name as its field: the models, or a lens made elsewhere."""
    return (*field_models(), IMPORTED_FIELD)


def emission_models():
    """Names of the emission models."""
    from ..emission.registry import EMISSION_MODELS

    return tuple(EMISSION_MODELS)


def network_kinds():
    """Names of the network architectures."""
    from ..network.registry import NETWORKS

    return tuple(NETWORKS)


MOST_FREE_SHARES = 6  # sources: the integral over more shares is not done well any more
NEAREST_SOURCE = 0.05  # Mpc: nearer is the Galaxy with its halo, where nothing enters from outside


@dataclass(frozen=True)
class CustomSource(Section):
    """A source of the user's own, in Galactic or in equatorial coordinates."""

    path = "sources.custom"
    name: str = setting("", label="Name", help="Name of the source")
    frame: str = setting(
        "galactic", choices=("galactic", "equatorial"), label="Frame",
        help="Frame of lon and lat: Galactic l, b or equatorial (ICRS) right ascension, declination",
    )
    lon: float = setting(0.0, unit="deg", low=0.0, high=360.0, label="Longitude", help="l or right ascension")
    lat: float = setting(0.0, unit="deg", low=-90.0, high=90.0, label="Latitude", help="b or declination")
    distance: float = setting(3.5, unit="Mpc", low=NEAREST_SOURCE, high=250.0, label="Distance", help="Distance from the Earth")

    def __post_init__(self):
        if isinstance(self.distance, int | float) and 0 <= self.distance < NEAREST_SOURCE:
            raise ConfigError(
                f"expected a source outside the Galaxy, at least {NEAREST_SOURCE:g} Mpc away, received {self.distance:g} Mpc",
                "sources.custom.distance",
            )
        super().__post_init__()

    def check(self):
        """Require a name."""
        if not self.name.strip():
            raise ConfigError("expected a name for the source, received an empty text", "sources.custom.name")


@dataclass(frozen=True)
class SourcesConfig(Section):
    """Which sources are tested."""

    path = "sources"
    names: tuple[str, ...] = setting(
        ("Cen A",), label="Sources", help="Candidate sources; each gives a result of its own unless mixture is true"
    )
    mixture: bool = setting(
        False, label="Mixture", help="Treat the sources together as one: their events are mixed with the given shares"
    )
    shares: tuple[float, ...] = setting(
        (), low=0.0, label="Shares", help="Relative numbers of events at the Earth of the sources in a mixture; empty: all equal"
    )
    free_shares: bool = setting(
        False, label="Unknown shares",
        help="Shares of a mixture are unknown: each sky has its own, evenly drawn from all that are possible; the limit averages over them",
    )
    custom: tuple[CustomSource, ...] = setting((), label="Own sources", help="Sources that are not in the catalogue")

    def check(self):
        """Require at least one source, none twice, and as many shares as sources."""
        if not self.names:
            raise ConfigError("expected at least one source, received none", "sources.names")
        if len(set(self.names)) < len(self.names):
            raise ConfigError(f"expected each source once, received {', '.join(self.names)}", "sources.names")
        if self.shares and (len(self.shares) != len(self.names) or sum(self.shares) <= 0):
            raise ConfigError(
                f"expected {len(self.names)} shares (one for each source), not all zero, received {list(self.shares)}",
                "sources.shares",
            )
        if self.has_free_shares and self.shares:
            raise ConfigError(f"expected none, because sources.free_shares draws them, received {list(self.shares)}", "sources.shares")
        if self.has_free_shares and len(self.names) > MOST_FREE_SHARES:
            raise ConfigError(f"expected at most {MOST_FREE_SHARES} sources, received {len(self.names)}", "sources.free_shares")

    @property
    def has_free_shares(self):
        """Whether the sources are a mixture whose shares are unknown."""
        return self.free_shares and self.mixture and len(self.names) > 1


@dataclass(frozen=True)
class EmissionConfig(Section):
    """What the sources emit."""

    path = "emission"
    model: str = setting(
        "kkos", choices=emission_models, label="Emission model",
        help="Injected nuclei: KKOS (the published choice), Auger's combined fits, a power law, or a file",
    )
    index: float = setting(
        2.0, low=-3.0, high=5.0, step=0.1, label="Spectral index", help="Index g of dN/dE ~ E^-g (model power_law)"
    )
    cutoff: float = setting(
        5.0, unit="EV", low=0.1, high=10000.0, label="Rigidity cutoff", help="Cutoff E / Z of a power law (model power_law)"
    )
    cutoff_shape: str = setting(
        "exponential", choices=("exponential", "broken"), label="Cutoff shape",
        help="exponential: exp(-E/(Z R)) at all energies; broken: 1 below Z R, exp(1 - E/(Z R)) above (model power_law)",
    )
    fractions: tuple[float, ...] = setting(
        (0.0, 0.0, 0.0, 0.0, 1.0), low=0.0, label="H, He, N, Si, Fe",
        help="Number fractions of H, He, N, Si, Fe at equal energy below all cutoffs (model power_law)",
    )
    file: str = setting(
        "", label="File",
        help="Table of injected spectra (model table) or folder of published propagated spectra (model published)",
    )

    def check(self):
        """Require five fractions and a file where the model needs one."""
        if len(self.fractions) != 5 or sum(self.fractions) <= 0:
            raise ConfigError(
                f"expected five numbers (H, He, N, Si, Fe), not all zero, received {list(self.fractions)}",
                "emission.fractions",
            )
        if self.model in ("table", "published") and not self.file:
            raise ConfigError(f"expected a path, because emission.model is {self.model!r}", "emission.file")


@dataclass(frozen=True)
class PropagationConfig(Section):
    """How nuclei lose energy and nucleons between source and Galaxy."""

    path = "propagation"
    ebl: str = setting(
        "inoue12", choices=("inoue12", "gilmore12"), label="Background light",
        help="Extragalactic background light: Inoue et al. 2012 baseline or Gilmore et al. 2012 fiducial",
    )
    mass_factor: float = setting(
        1.0, low=0.02, high=56.0, step=0.1, label="Masses multiplied by",
        help="Factor on the mass number of every nucleus that enters the Galaxy, up to iron; energies stay, rigidities follow the charge",
    )
    one_mass: int = setting(
        0, low=0, high=56, label="One mass number",
        help="Every nucleus that enters the Galaxy has this mass number, energies stay (56: all iron, 1: all protons); 0: as propagated",
    )

    def check(self):
        """Refuse a factor on masses that one nucleus has replaced."""
        if self.one_mass and self.mass_factor != 1:
            raise ConfigError(
                f"expected 1, because propagation.one_mass makes all nuclei A = {self.one_mass}, received {self.mass_factor:g}",
                "propagation.mass_factor",
            )


@dataclass(frozen=True)
class FieldConfig(Section):
    """The Galactic magnetic field."""

    path = "field"
    model: str = setting(
        "jf12", choices=field_choices, label="Galactic field",
        help="Galactic magnetic field model, or imported: a lens or deflection table made elsewhere (field.file)",
    )
    parameters: Table = setting(  # noqa: RUF009  a dataclass field
        NOTHING, label="Changed parameters",
        help="Parameters of field.model that differ from its paper, by name, such as { x_strength = 3.5 }; empty: as published",
    )
    realisation: int = setting(
        0, low=0, high=LAST_REALISATION, label="Realisation", help="Which realisation of the random field; models without one ignore it"
    )
    realisations: int = setting(
        1, low=1, high=100, label="Realisations averaged",
        help="Maps are the mean over so many realisations, from field.realisation on; models without a random part ignore it",
    )
    seed: int = setting(
        1, low=0, high=2**63 - 1, label="Seed of the random field",
        help="The random fields are drawn from it, not from the seed of the run, so that other mock skies need no other Galaxy",
    )
    ensemble: tuple[str, ...] = setting(
        (), choices=field_models, label="Averaged with",
        help="Further models: maps are the mean over field.model and these, since the true field is unknown",
    )
    weights: tuple[float, ...] = setting(
        (), low=0.0, label="Weights", help="Relative weights of field.model and of each model of field.ensemble; empty: all equal"
    )
    thorough: bool = setting(
        False, label="Enough rays everywhere",
        help="Trace on where a map consists of fewer than 5,000 equal rays (500 where the source is dimmed to less than a tenth): half "
             "an hour more for five sources in a random field; models without a random part hardly need it (docs/lens.md)",
    )
    file: str = setting(
        "", label="File",
        help="Folder of a CRPropa lens (lens.cfg) or of published deflection tables, or an src_sample file (model imported)",
    )

    def check(self):
        """Require weights that fit, a file where the model needs one, and parameters that the model has."""
        n_models = 1 + len(self.ensemble)
        if len({self.model, *self.ensemble}) < n_models:
            raise ConfigError("expected each model once, apart from field.model", "field.ensemble")
        if self.weights and (len(self.weights) != n_models or sum(self.weights) <= 0):
            raise ConfigError(
                f"expected {n_models} weights (field.model and each of field.ensemble), not all zero, received {list(self.weights)}",
                "field.weights",
            )
        last = self.realisation + self.realisations - 1
        if last > LAST_REALISATION:
            raise ConfigError(
                f"expected realisations up to {LAST_REALISATION}, received {self.realisation} to {last}", "field.realisations"
            )
        if self.model == IMPORTED_FIELD and self.ensemble:
            raise ConfigError(
                "expected none, because an imported lens has rigidities of its own and is not averaged with models", "field.ensemble"
            )
        if self.model == IMPORTED_FIELD and not self.file:
            raise ConfigError("expected the folder of a lens or the file of a sample, because field.model is 'imported'", "field.file")
        if self.parameters:
            from ..galactic_field.registry import check_parameters, model_parameters

            check_parameters(self.model, self.parameters)
            published = {parameter.name: parameter.default for parameter in model_parameters(self.model)}
            changed = {name: value for name, value in self.parameters.items() if value != published[name]}
            object.__setattr__(self, "parameters", Table(changed))


@dataclass(frozen=True)
class EnergyConfig(Section):
    """Energy threshold, resolution and bins at Earth."""

    path = "energy"
    threshold: float = setting(
        56.0, unit="EeV", low=20.0, high=300.0, label="Threshold", help="Lowest reconstructed energy; first edge of the first bin"
    )
    resolution: float = setting(
        0.20, low=0.0, high=0.5, step=0.01, label="Uncertainty ΔE/E", help="Gaussian uncertainty of ln E of one event"
    )
    bin_width: float = setting(
        0.05, low=0.01, high=1.0, step=0.05, label="Bin width Δ_b", help="Width of an energy bin in lg E (1/5, 1/10 and 1/20 are published)"
    )
    n_bins: int = setting(
        0, low=0, high=60, label="Number of bins", help="0: as many as cover 0.75 in lg E (4, 8, 15 for widths 1/5, 1/10, 1/20)"
    )
    background: str = setting(
        "kkos", choices=("kkos", "auger2020", "ta2019"), label="Isotropic spectrum",
        help="Spectrum of isotropic events: diffuse flux of KKOS sources, or as measured by Auger (2020) or the Telescope Array (2019)",
    )
    method: str = setting(
        "exact", choices=("exact", "sampled"), label="Density",
        help="exact: expected density in closed form; sampled: from n_sampled random nuclei, as published, for comparison",
    )
    n_sampled: int = setting(
        100_000, low=1000, high=100_000_000, label="Sampled nuclei", help="Number of nuclei N_ini drawn when method is sampled"
    )

    def check(self):
        """Keep the last edge below 1000 EeV."""
        upper = self.bin_edges[-1]
        if upper > 1000.0 * (1 + 1e-9):
            raise ConfigError(
                f"expected the last bin to end at 1000 EeV or below, but {self.bin_count} bins of {self.bin_width:g} "
                f"from {self.threshold:g} EeV end at {upper:.0f} EeV; lower n_bins or bin_width",
                "energy.n_bins" if self.n_bins else "energy.bin_width",
            )

    @property
    def bin_count(self):
        """Number of energy bins, the automatic one resolved."""
        return self.n_bins or max(1, math.ceil(round(0.75 / self.bin_width, 6)))

    @property
    def lowest_energy(self):
        """Lowest true energy in EeV that can be reconstructed above the threshold: 3 sigma below it, as published."""
        return self.threshold * math.exp(-3.0 * self.resolution)

    @property
    def rigidity_range(self):
        """Lowest and highest rigidity in EV that a run can need; nuclei outside are counted as lost.

        The lowest energy carried by iron, and the last edge carried by a proton.
        """
        return self.lowest_energy / 26, float(self.bin_edges[-1])

    @property
    def bin_edges(self):
        """Edges in EeV, shape (bin_count + 1,), constant steps in lg E."""
        return self.threshold * 10.0 ** (self.bin_width * np.arange(self.bin_count + 1))


@dataclass(frozen=True)
class SkyConfig(Section):
    """Maps of arrival directions."""

    path = "sky"
    nside: int = setting(32, low=1, high=512, label="Nside", help="HEALPix resolution of maps and network (32: cells of 1.83 degrees)")
    source_radius: float = setting(
        1.0, unit="deg", low=0.1, high=20.0, label="Radius at the Galaxy's edge",
        help="A nucleus that enters the Galaxy within this angle of the source's direction counts as coming from it",
    )
    source_shape: str = setting(
        "cap", choices=("cap", "fisher"), label="Shape at the Galaxy's edge",
        help="How nuclei of a source are spread when they enter the Galaxy: evenly in a cap, as published, or by a Fisher distribution",
    )
    source_spread: float = setting(
        5.0, unit="deg", low=0.5, high=30.0, label="Spread at the Galaxy's edge",
        help="Root mean square angle of the Fisher distribution (source_shape fisher), from a turbulent extragalactic field",
    )
    normalisation: str = setting(
        "edge", choices=("edge", "flux"), label="Normalisation",
        help="edge: every nucleus counted as at the Galaxy's edge, as published; flux: weighted by the field's magnification",
    )
    halves: bool = setting(
        False, label="Across halves",
        help="Templates and networks know one half of the rays, test skies are drawn from the other: nothing can profit from their sampling",
    )

    def check(self):
        """Require a power of two."""
        check_nside(self.nside, "sky.nside")

    @property
    def template_half(self):
        """Half of the rays that templates and training skies are made from; None for all."""
        return 0 if self.halves else None

    @property
    def events_half(self):
        """Half of the rays that test skies are drawn from; None for all."""
        return 1 if self.halves else None


@dataclass(frozen=True)
class EventsConfig(Section):
    """How many events a data set holds."""

    path = "events"
    n_events: tuple[int, ...] = setting(
        (50, 100, 200, 300, 400, 500), low=1, high=100_000, label="Number N", help="Numbers of events in one sky; one result for each"
    )

    def check(self):
        """Require at least one number, none twice."""
        if not self.n_events or len(set(self.n_events)) < len(self.n_events):
            raise ConfigError(f"expected one or more different numbers, received {list(self.n_events)}", "events.n_events")


@dataclass(frozen=True)
class NetworkConfig(Section):
    """The classifier."""

    path = "network"
    kind: str = setting(
        "bcnn", choices=network_kinds, label="Network", help="cnn: one map of all energies; the others see the energy bins (docs/network.md)"
    )
    filters: int = setting(
        76, low=0, high=1024, label="Feature maps",
        help="Feature maps of each convolution, or units of a layer; 0: the network's own number (published: 76 for bcnn, 32 for cnn)",
    )
    dense: tuple[int, ...] = setting(
        (), low=0, high=4096, label="Dense layers",
        help="Units of the dense layers before the output of bcnn, cnn and deepsphere; empty: the network's own "
        "(published: 16, 16 for bcnn, none for cnn); a single 0: none",
    )
    start: str = setting(
        "scratch", choices=("scratch", "template"), label="Start",
        help="scratch: from random weights; template: from the density that is trained for, which only density_ratio can hold",
    )

    def check(self):
        """Refuse dense layers and a start from a template where the network has no place for them."""
        from ..network.registry import NETWORKS

        if self.dense and NETWORKS[self.kind].dense is None:
            able = ", ".join(name for name, entry in NETWORKS.items() if entry.dense is not None)
            raise ConfigError(f"expected an empty list for {self.kind}; networks whose dense layers can be chosen: {able}", "network.dense")
        if 0 in self.dense and len(self.dense) > 1:
            raise ConfigError(f"expected units of at least 1, or a single 0 for no layer, received {list(self.dense)}", "network.dense")
        if self.start == "template" and not NETWORKS[self.kind].template:
            able = ", ".join(name for name, entry in NETWORKS.items() if entry.template)
            raise ConfigError(f"expected scratch for {self.kind}; networks that can start from a template: {able}", "network.start")

    @property
    def filter_count(self):
        """Number of feature maps, the network's own number resolved."""
        from ..network.registry import NETWORKS

        return self.filters or NETWORKS[self.kind].filters

    @property
    def dense_units(self):
        """Units of the dense layers before the output, a tuple; None for a network that has none to choose."""
        from ..network.registry import NETWORKS

        own = NETWORKS[self.kind].dense
        return own if own is None or not self.dense else tuple(units for units in self.dense if units)


@dataclass(frozen=True)
class TrainingConfig(Section):
    """How the classifier is trained."""

    path = "training"
    epochs: int = setting(100, low=1, high=10_000, label="Epochs", help="Most epochs to train")
    maps_per_epoch: int = setting(10_000, low=64, high=10_000_000, label="Maps per epoch", help="Mock skies drawn afresh for an epoch, half of them isotropic")
    batch_size: int = setting(64, low=2, high=8192, label="Batch", help="Mock skies in one step")
    patience: int = setting(10, low=1, high=10_000, label="Patience", help="Stop after so many epochs without better validation accuracy")
    validation_maps: int = setting(10_000, low=64, high=1_000_000, label="Validation maps", help="Fixed mock skies that choose the best epoch")
    learning_rate: float = setting(1.0, low=1e-6, high=10.0, label="Learning rate", help="Relative to the rate that the network's optimizer is meant to have; 1: as published, which for Adadelta is 1")
    precision: str = setting(
        "float32", choices=("float32", "bfloat16"), label="Precision",
        help="bfloat16: maps in half the digits, weights and scores in float32; faster and smaller where the processor or graphics card has it, otherwise slow",
    )
    threads: int = setting(0, low=0, high=256, label="Threads", help="Processor threads of the training process; 0: all")
    scenarios: Table = setting(  # noqa: RUF009  a dataclass field
        NOTHING, label="Scenarios",
        help='Every training sky is wholly from one of these, at random, such as { PT11 = "field.model=pt11_bss_halo" }; empty: from the run',
    )


@dataclass(frozen=True)
class TestConfig(Section):
    """The statistical test and its errors."""

    __test__ = False  # not a pytest class
    path = "test"
    alpha: float = setting(0.01, low=1e-4, high=0.5, label="α", help="Largest probability to call an isotropic sky anisotropic")
    beta: float = setting(0.05, low=1e-3, high=0.5, label="β", help="Largest probability to miss the source")
    maps: int = setting(50_000, low=100, high=10_000_000, label="Test maps", help="Mock skies of each hypothesis from which errors are measured")
    bootstrap: int = setting(200, low=0, high=10_000, label="Bootstrap", help="Resamplings for the 68 % interval of η")
    check_maps: int = setting(
        100_000, low=0, high=100_000_000, label="Check maps",
        help="Further isotropic skies on which α is checked and the ROC drawn: 100 000 show it down to 0.001, 1 000 000 to 0.0001",
    )

    def check(self):
        """Require enough isotropic maps to place the threshold."""
        if self.alpha * self.maps < 1:
            raise ConfigError(
                f"expected at least {math.ceil(1 / self.alpha)} maps for alpha {self.alpha:g}, received {self.maps}", "test.maps"
            )
