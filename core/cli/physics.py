"""Commands that show one stage of the physics by itself."""

import numpy as np

from ..config import RunConfig, parse_assignment, with_values
from ..errors import InputError
from ..progress import TerminalProgress
from ..sky import lonlat, unit_vectors
from ..sources import selected_sources
from ..storage.tables import read_table, write_table
from .run_files import chosen_field, load

FINE_NSIDE = 256  # at which the exposure of a source is read off


def exposure(options):
    """Draw or write the relative exposure against declination, and tell that of the run's sources."""
    from ..exposure import declination_curve, exposure_map
    from ..sky import vector_pixels

    config = load(options)
    sources = selected_sources(config.sources)
    if options.out.suffix.lower() == ".csv":
        dec, values = declination_curve(config.observatory)
        write_table(options.out, {"dec_deg": dec, "exposure": values}, [
            f"exposure {config.observatory.exposure} relative to its mean over the sky",
        ])
    else:
        from ..figures import exposure_figure, save

        save(exposure_figure(config.observatory, sources), options.out)
    values = exposure_map(config.observatory, FINE_NSIDE)
    at_sources = {source.name: float(values[vector_pixels(FINE_NSIDE, source.direction)]) for source in sources}
    lines = [f"{name}: {value:.3f} of the mean exposure" for name, value in at_sources.items()]
    return {"text": "\n".join([*lines, f"wrote {options.out}"]), "exposure": config.observatory.exposure, "sources": at_sources}


def field(options):
    """Evaluate a field model at the positions of a CSV file."""
    from ..galactic_field import galactic_field

    model = galactic_field(chosen_field(options))
    table = read_table(options.at)
    axes = ("x_kpc", "y_kpc", "z_kpc")
    table.require(*axes)
    positions = np.stack([table.floats(axis) for axis in axes], axis=-1)
    values = dict(zip(("Bx_uG", "By_uG", "Bz_uG"), model.values(positions).T, strict=True))
    if options.rms:
        values |= zip(("Bturb_rms_uG", "Bstriated_uG"), model.random_strength(positions), strict=True)
    columns = table.others(*values) | values
    write_table(options.out, columns, [f"Galactic magnetic field {model.name}; positions in kpc, field in microgauss"])
    return {"text": f"wrote {len(table)} values of {model.name} to {options.out}", "rows": len(table)}


def backtrack(options):
    """Trace antiparticles of the given rigidities from the Earth in the directions of a CSV file."""
    from ..galactic_field import backtrack as trace
    from ..galactic_field import galactic_field

    for rigidity in options.rigidity:
        if not (np.isfinite(rigidity) and rigidity > 0):
            raise InputError(f"expected rigidities above 0 EV, received {rigidity:g}", "--rigidity")
    model = galactic_field(chosen_field(options))
    table = read_table(options.directions)
    glon, glat = table.floats("l_deg"), table.floats("b_deg")
    if np.any(np.abs(glat) > 90):
        line = table.lines[int(np.argmax(np.abs(glat) > 90))]
        raise InputError(f"{table.path}, line {line}: expected a latitude from -90 to 90 degrees in b_deg")
    n_directions, n_rigidities = len(table), len(options.rigidity)
    rigidity = np.repeat(options.rigidity, n_directions)
    arrival = np.tile(unit_vectors(glon, glat), (n_rigidities, 1))
    traced = trace(model, rigidity, arrival, progress=TerminalProgress())
    exit_lon, exit_lat = lonlat(traced.exit_direction)
    columns = {
        "R_EV": rigidity,
        "l_earth_deg": np.tile(glon, n_rigidities),
        "b_earth_deg": np.tile(glat, n_rigidities),
        "l_exit_deg": exit_lon,
        "b_exit_deg": exit_lat,
        "path_kpc": traced.path,
    }
    further = {name: values * n_rigidities for name, values in table.others("l_deg", "b_deg", *columns).items()}
    write_table(options.out, columns | further, [
        f"antiparticles from the Sun through {model.name} to the sphere of 20 kpc; nan: still inside after 500 kpc"
    ])
    trapped = int(np.isnan(traced.path).sum())
    return {"text": f"wrote {len(rigidity)} rays to {options.out}" + (f"; {trapped} did not leave the Galaxy" if trapped else ""),
            "rays": len(rigidity), "trapped": trapped}


def spectrum(options):
    """Propagate an emission model over a distance and write the flux by mass number."""
    from ..propagation import propagated_spectrum

    if not 0 <= options.distance <= 250:
        raise InputError(f"expected a distance from 0 to 250 Mpc, received {options.distance:g}", "--distance")
    values = {"emission.model": options.emission, "propagation.ebl": options.ebl}
    config = with_values(RunConfig(), values | dict(parse_assignment(text) for text in options.assignments))
    arrived = propagated_spectrum(config.emission, config.propagation, options.distance, progress=TerminalProgress())
    energy = 10.0 ** np.linspace(19.0, 20.3, 27)
    flux = arrived.flux_at(energy / 1e18)
    columns = {"E_eV": energy} | {f"A{a}": flux[a - 1] for a in range(1, 57)}
    write_table(options.out, columns, [
        f"emission {options.emission} at {options.distance:g} Mpc, background light {options.ebl}",
        "E^2 dN/dE by mass number A, one arbitrary unit for all columns and distances, without 1/(4 pi r^2)",
    ])
    return {"text": f"wrote {len(energy)} energies to {options.out}", "energies": len(energy)}
