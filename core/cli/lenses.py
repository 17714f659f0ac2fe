"""Commands that write what other programs read: lenses, deflection tables, samples of a source."""

import math
from itertools import pairwise

from ..errors import InputError
from ..progress import TerminalProgress
from ..sky import check_nside
from .analysis import one_source
from .run_files import chosen_field, load


def lens(options):
    """Trace the whole sky through a field and write a lens for CRPropa or deflection tables."""
    from ..lens.export import ExportRequest, export_crpropa, export_tables, parse_rigidities

    request = ExportRequest(chosen_field(options), options.nside, options.rays_per_pixel)
    if options.nuclei or options.energies:
        names = _tables_of_nuclei(options)
    elif options.rigidities is None:
        raise InputError("expected ranges such as 1..320:0.05", "--rigidities")
    else:
        edges = parse_rigidities(options.rigidities)
        names = _tables_of_ranges(edges)
    if options.format == "crpropa":
        if options.nuclei or options.energies:
            raise InputError("expected --rigidities; --nuclei and --energies go with --format deflections", "--nuclei")
        traced = export_crpropa(request, edges, options.out, progress=TerminalProgress())
        n_files = len(edges) - 1
        text = f"wrote a lens of {n_files} rigidities to {options.out}: lens.cfg and {n_files} matrices"
    else:
        traced = export_tables(request, names, options.out, progress=TerminalProgress())
        n_files = len(names)
        text = f"wrote {n_files} deflection tables to {options.out}"
    kept = f" ({n_files - traced} were there)" if traced < n_files else ""
    return {"text": text + kept, "files": n_files, "traced": traced, "folder": str(options.out)}


def _tables_of_ranges(edges):
    """Names of tables at the geometric middle of each range, as protons of that energy, and their rigidities."""
    from ..lens.published import table_name

    middles = (float(f"{math.sqrt(low * high):.6g}") for low, high in pairwise(edges.tolist()))
    return {table_name(1, rigidity): rigidity for rigidity in middles}


def _tables_of_nuclei(options):
    """Names of the tables of the given nuclei and energies, and their rigidities."""
    from ..lens.published import ELEMENT_NAMES, charge_of, table_name

    if not (options.nuclei and options.energies) or options.rigidities:
        raise InputError("expected --nuclei and --energies together, without --rigidities", "--nuclei")
    charges = [charge_of(element) for element in options.nuclei]
    if None in charges:
        unknown = options.nuclei[charges.index(None)]
        raise InputError(f"unknown nucleus {unknown!r}; known: {', '.join(ELEMENT_NAMES)}", "--nuclei")
    return {table_name(z, energy): energy / z for z in charges for energy in whole_energies(options.energies)}


def whole_energies(text):
    """Parse ``56,80`` or ``56..80`` into whole energies in EeV.

    Raises
    ------
    InputError
        If it is neither, or an energy is not from 1 to 10000.
    """
    try:
        low, dots, high = text.partition("..")
        energies = range(int(low), int(high) + 1) if dots else tuple(int(energy) for energy in text.split(","))
    except ValueError:
        raise InputError(f"expected whole energies in EeV such as 56..80 or 56,80, received {text!r}", "--energies") from None
    if not energies or not 1 <= min(energies) <= max(energies) <= 10_000:
        raise InputError(f"expected energies from 1 to 10000 EeV, received {text!r}", "--energies")
    return tuple(energies)


def src_sample(options):
    """Draw nuclei of a source with their directions at Earth and at the Galaxy's edge."""
    from ..sky_density.samples import draw_sample, write_sample

    config = load(options)
    source = one_source(config)
    check_nside(options.nside, "--nside")
    lowest = config.energy.threshold if options.lowest_energy is None else options.lowest_energy
    sample = draw_sample(config, source, options.number, options.nside, lowest, progress=TerminalProgress())
    write_sample(options.out, sample, options.nside, [
        f"{source.name} at {source.distance:g} Mpc, emission {config.emission.model}, field {config.field.model}, realisation "
        f"{config.field.realisation}, E >= {lowest:g} EeV, radius {config.sky.source_radius:g} deg, Nside {options.nside}, "
        f"digest {config.digest}, seed {config.seed}",
    ])
    lost = options.number - len(sample)
    return {"text": f"wrote {len(sample)} nuclei of {source.name} to {options.out}"
            + (f"; {lost} of {options.number} do not reach the Earth" if lost else ""), "nuclei": len(sample), "lost": lost}
