"""Commands on networks as files: take over published ones, score maps made anywhere."""

from ..errors import InputError
from ..progress import TerminalProgress
from ..storage.tables import write_table


def import_model(options):
    """Turn a published network into a model file of ours."""
    from ..network import import_network, input_maps

    if not options.published.is_file():
        raise InputError(f"no file {options.published}; give an .h5 of the published analysis, perhaps packed (.bz2)")
    if options.out.suffix != ".keras":
        raise InputError(f"expected a name that ends in .keras, received {options.out}", "--out")
    network = import_network(options.published, options.out)
    nside, n_bins = input_maps(network, options.out)
    return {"text": f"wrote {options.out}: {network.count_params()} weights, nside {nside}, "
            + ("one map of all energies" if n_bins == 1 else f"{n_bins} energy bins"),
            "model": str(options.out), "weights": network.count_params(), "nside": nside, "n_bins": n_bins}


def score(options):
    """Score the maps of a ``.npy`` file."""
    from ..backend import load_backend
    from ..network import read_maps
    from ..training.trained_for import origin

    if not options.model.is_file():
        raise InputError(f"no file {options.model}; give best.keras of a run folder or an imported network", "--model")
    maps = read_maps(options.maps)
    load_backend()
    from ..network import load_network, score_maps, score_network  # the last one loads Keras

    network, record = load_network(options.model)
    if options.log_odds:
        probability, network = network, score_network(network)
        if network is probability:
            raise InputError(f"{options.model} has no layer log_odds; leave this out", "--log-odds")
    scores = score_maps(network, maps, TerminalProgress())
    write_table(options.out, {"score": scores})
    said = origin(record, options.model)
    return {"text": f"{said}\nwrote {len(scores)} scores to {options.out}, from {scores.min():.4g} to {scores.max():.4g}",
            "trained_for": said, "maps": len(scores), "lowest": float(scores.min()), "highest": float(scores.max())}
