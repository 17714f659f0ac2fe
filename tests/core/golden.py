"""Numbers that stay: the same seed gives the same field, sky and statistics on every number of cores and after an update.

``python tests/core/golden.py`` prints them; ``--write`` keeps them in tests/reference/golden.json as the next edition,
which CHANGELOG.md then has to declare in a line with the words "Numbers, edition K".
"""

import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "reference" / "golden.json"
TOLERANCE = 1e-6
POSITIONS = np.array([[-8.5, 0, 0.01], [-6.1, 3.2, 0.4], [2.3, -4.5, -0.7], [4.2, 7.7, 2.9], [-12.0, 1.0, -5.0]])  # kpc
DIRECTIONS = np.array([[0.6, 0.8, 0.0], [-0.48, 0.6, 0.64], [0.0, -0.6, -0.8]])


def numbers():
    """Return ``{name: list of numbers}``: fields (uG), directions at the Galaxy's edge, spectrum, sky, events, statistics."""
    from zevatron.core.config import RunConfig, field_models, with_values
    from zevatron.core.galactic_field.backtracking import backtrack
    from zevatron.core.galactic_field.field import galactic_field
    from zevatron.core.mock_events.simulation import simulate_skies
    from zevatron.core.propagation.spectrum import propagated_spectrum
    from zevatron.core.sky_density import sky_densities
    from zevatron.core.statistics import limit_verdict

    found = {f"field {name}": galactic_field(name).values(POSITIONS).ravel() for name in sorted(field_models()) if name != "none"}
    for name in ("jf12_regular", "uf23_base"):
        found[f"directions {name}, 10 EV"] = backtrack(galactic_field(name), 10.0, DIRECTIONS).exit_direction.ravel()
    run = with_values(RunConfig(), {
        "sky.nside": 16, "events.n_events": (100,), "test.maps": 2000, "test.bootstrap": 0, "test.check_maps": 1000,
    })
    spectrum = propagated_spectrum(run.emission, run.propagation, 3.5)
    found["spectrum at 3.5 Mpc"] = spectrum.flux.sum(axis=0)[::40] / spectrum.flux.sum()
    for field in ("jf12_regular", "jf12"):
        config = with_values(run, {"field.model": field})
        density, = sky_densities(config)
        found[f"sky {field}, share of bins"] = density.source.sum(axis=0)
        found[f"sky {field}, sum of squares"] = [float(np.sum(density.source**2))]
        events = simulate_skies(config, density, 100, 2, 0.2)
        found[f"events {field}, pixels"] = events.ipix[:, :12].ravel()
        verdict = limit_verdict(config, density, density, 100)
        found[f"limit {field}, N = 100"] = [verdict.eta_min]
    return {name: [float(value) for value in values] for name, values in found.items()}


def differing(found, kept):
    """Return the names of entries that are not the same within 1e-6 of their largest number."""
    names = found.keys() ^ kept.keys()
    for name in found.keys() & kept.keys():
        a, b = np.array(found[name]), np.array(kept[name])
        if a.shape != b.shape or not np.all(np.abs(a - b) <= TOLERANCE * np.abs(b).max()):
            names.add(name)
    return sorted(names)


def main(arguments):
    """Print the numbers, or keep them."""
    sys.path.insert(0, str(ROOT))
    import main as _  # noqa: F401  makes the checkout the package `zevatron`

    found = numbers()
    if "--write" not in arguments:
        print(json.dumps(found))
        return
    before = json.loads(GOLDEN.read_text()) if GOLDEN.is_file() else {"edition": 0, "numbers": {}}
    changed = differing(found, before["numbers"])
    if changed:
        edition = before["edition"] + 1
        GOLDEN.write_text(json.dumps({"edition": edition, "numbers": found}, indent=0) + "\n")
        print(f"edition {edition}; differing: {', '.join(changed)}")


if __name__ == "__main__":
    main(sys.argv[1:])
