"""The main job on the built-in example, from the source to eta(N), with its four products."""

import numpy as np

from .sky import lonlat, pixel_vectors
from .sources import selected_sources
from .storage.tables import write_table
from .study import likelihood_verdicts, network_verdicts, result_document, write_eta_tables, write_result


def run_demo(config, limit_config, folder, progress):
    """Write sky, training curves, ROC and eta table as PNG and CSV into ``folder``.

    Parameters
    ----------
    config : RunConfig
        One source and one number of events: what the network is trained for.
    limit_config : RunConfig
        The same with the numbers of events for which the likelihood ratio is shown.
    folder : Path
        Exists. The training is continued if it was interrupted before.
    progress : Progress

    Returns
    -------
    lines : list of str
        What came out, for a person.
    files : list of str
        Names of the files written.
    """
    from .cli.analysis import describe
    from .figures import eta_figure, roc_figure, save, score_figure, sky_figure, training_figure
    from .sky_density import sky_densities
    from .training import train_blocking
    from .training.run_folder import RunFolder

    density = sky_densities(config, progress=progress)[0]
    save(sky_figure(density, selected_sources(config.sources)), folder / "sky.png")
    _write_sky(folder / "sky.csv", density)

    limits = likelihood_verdicts(limit_config, progress)
    model = train_blocking(config, folder / "training", density=density, progress=progress)
    history = RunFolder(folder / "training").history
    save(training_figure(history), folder / "training.png")
    write_table(folder / "training.csv", history)

    trained = network_verdicts(config, model, progress)
    same = [v for v in limits if v.n_events == trained[0].n_events]
    save(roc_figure([*same, *trained]), folder / "roc.png")
    save(score_figure(trained[0]), folder / "scores.png")
    write_table(folder / "roc.csv", {
        "statistic": [v.statistic for v in (*same, *trained) for _ in v.roc_false_positive],
        "false_positive_rate": np.concatenate([v.roc_false_positive for v in (*same, *trained)]),
        "true_positive_rate": np.concatenate([v.roc_true_positive for v in (*same, *trained)]),
    })
    rows = [v.as_dict() for v in (*limits, *trained)]
    save(eta_figure(rows), folder / "eta.png")
    write_eta_tables(folder, config, rows)
    write_result(folder / "result.json", result_document(limit_config, (*limits, *trained)))
    files = ["result.json", "sky.png", "sky.csv", "training.png", "training.csv", "roc.png", "roc.csv", "scores.png",
             "eta.png", "eta_table.csv", "eta_table.tex", "eta_table.h5"]
    return [describe(v) for v in (*limits, *trained)], files


def _write_sky(path, density):
    glon, glat = lonlat(pixel_vectors(density.nside))
    columns = {"ipix_nested": range(density.npix), "l_deg": glon, "b_deg": glat}
    columns |= {f"bin{i + 1}": density.source[:, i] for i in range(density.n_bins)}
    edges = ", ".join(f"{edge:.1f}" for edge in density.bin_edges)
    write_table(path, columns, [
        f"probability per pixel and energy bin of an event from {density.name}, Nside {density.nside}, NESTED, sums to 1",
        f"bin edges in EeV: {edges}",
    ])
