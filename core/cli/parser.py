"""Names and options of the commands: a contract with users' scripts."""

import argparse
import sys
from pathlib import Path

from ..config import PRESETS, emission_models, field_models
from ..resources import PROGRAM
from ..statistics.registry import FOR_EVENTS, STATISTICS
from . import analysis, lenses, models, observed, physics, reports, run_files, setup, studies


class _Parser(argparse.ArgumentParser):
    """Answers a wrong option with one line and exit code 2."""

    def error(self, message):
        print(f"zevatron: {message}; see: {self.prog} --help", file=sys.stderr)
        raise SystemExit(2)


def numbers(kind, what):
    """Return a parser of comma-separated numbers, such as ``2,5,10``."""

    def parse(text):
        try:
            return tuple(kind(part) for part in text.split(","))
        except ValueError:
            raise argparse.ArgumentTypeError(f"expected {what} separated by commas, received {text!r}") from None

    return parse


def build_parser():
    """Return the parser of the whole command line; ``command`` of its result does the work."""
    parser = _Parser(
        prog=Path(sys.argv[0]).name,
        description="Zevatron: from candidate sources of ultra-high-energy cosmic rays to the smallest detectable "
        "source fraction. Without arguments it opens the window.",
        epilog="Every command with a RUN.toml takes --set section.key=value (repeatable) and --seed N; field, backtrack and lens "
        "take --set field.key=value.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)

    def command(name, function, help, *, run=False, out=True):
        sub = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
        sub.set_defaults(command=function)
        if run:
            sub.add_argument("run", type=Path, metavar="RUN.toml", help=f"run file, see: {PROGRAM} new")
        if out:
            sub.add_argument("--out", type=Path, required=True, help=out if isinstance(out, str) else "file to write")
        if run or name in ("new", "field", "backtrack", "spectrum", "lens"):
            sub.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE", dest="assignments",
                             help="change a setting (repeatable)")
        if run or name == "new":
            sub.add_argument("--seed", type=int, help="seed of every random stream")
        if name in ("new", "field", "backtrack", "lens"):
            sub.add_argument("--realisation", type=int, metavar="K", help="which realisation of the random field (0)")
        sub.add_argument("--json", action="store_true", help="print the summary as JSON")
        return sub

    new = command("new", run_files.new, "write a run file with every setting and its help as comments", out="run file to write")
    new.add_argument("--source", action="append", default=[], metavar="NAME", help="candidate source (repeatable); default Cen A")
    new.add_argument("--sources-file", type=Path, metavar="CSV", help="own sources: name,l_deg,b_deg,distance_Mpc or ra_deg,dec_deg")
    new.add_argument("--field", metavar="MODEL", help=f"Galactic field: {', '.join(field_models())}")
    new.add_argument("--events", type=numbers(int, "whole numbers"), metavar="N[,N…]", help="numbers of events in one sky")
    new.add_argument("--preset", choices=tuple(PRESETS), default="paper", help="quick: minutes; paper: the published settings")

    field = command("field", physics.field, "evaluate a Galactic field model at positions", out="CSV to write")
    field.add_argument("model", metavar="MODEL", help=", ".join(field_models()))
    field.add_argument("--at", type=Path, required=True, metavar="POSITIONS.csv", help="columns x_kpc,y_kpc,z_kpc")
    field.add_argument("--rms", action="store_true", help="add strengths of the random parts: Bturb_rms_uG, Bstriated_uG")

    backtrack = command("backtrack", physics.backtrack, "trace antiparticles from the Earth out of the Galaxy", out="CSV to write")
    backtrack.add_argument("model", metavar="MODEL", help=", ".join(field_models()))
    backtrack.add_argument("--rigidity", type=numbers(float, "rigidities in EV"), required=True, metavar="R[,R…]", help="in EV")
    backtrack.add_argument("--directions", type=Path, required=True, metavar="DIRS.csv", help="columns l_deg,b_deg")

    spectrum = command("spectrum", physics.spectrum, "propagate an emission model to the Earth", out="CSV to write")
    spectrum.add_argument("--emission", default="kkos", metavar="MODEL", help=", ".join(emission_models()))
    spectrum.add_argument("--distance", type=float, required=True, metavar="MPC", help="0 to 250 Mpc")
    spectrum.add_argument("--ebl", default="inoue12", metavar="MODEL", help="inoue12 or gilmore12")

    command("exposure", physics.exposure, "draw the exposure of the run's detector against declination", run=True,
            out=".png, .pdf or .svg, or .csv to write")

    sky = command("sky", analysis.sky, "compute the expected density per pixel and energy bin", run=True, out="HDF5 to write")
    sky.add_argument("--report", type=Path, metavar="CSV", help="write rays, magnification and share of the nuclei by rigidity")
    sky.add_argument("--png", type=Path, help="draw the sky; of several sources each, with its key in the name")
    sky.add_argument("--fits", type=Path, help="write the density as a HEALPix FITS table; of several sources each, with its key in the name")

    simulate = command("simulate", analysis.simulate, "draw mock skies", run=True, out="HDF5 to write")
    simulate.add_argument("--maps", type=int, default=1000, help="number of mock skies (1000)")
    simulate.add_argument("--eta", type=float, help="source fraction, 0 to 1; left out: as in training")
    _narrow(simulate)

    train = command("train", analysis.train, "train the classifier; an interrupted run is continued", run=True, out="run folder")
    _narrow(train)
    _halves(train, "train on skies from one half of the rays; the test is then on the other")
    evaluate = command("evaluate", analysis.evaluate, "measure a trained network or a statistic: ROC and smallest fraction",
                       run=True, out="JSON to write")
    judged = evaluate.add_mutually_exclusive_group(required=True)
    judged.add_argument("--model", type=Path, metavar="M.keras", help="trained network")
    judged.add_argument("--statistic", choices=tuple(STATISTICS), help="statistic that needs no training")
    _narrow(evaluate)
    _halves(evaluate, "test on skies from the half of the rays that trainings across halves do not see")
    likelihood = command("likelihood", analysis.likelihood, "the likelihood-ratio limit: smallest fraction any test can see",
                         run=True, out="JSON to write")
    _narrow(likelihood)
    _halves(likelihood, "template from one half of the rays, raw or smoothed, whichever is lower; events from the other")
    likelihood.add_argument("--information", action="store_true",
                            help="also the limits with other energies and positions, and without the field's random part")
    likelihood.add_argument("--random-field", action="store_true",
                            help="with --information: also the limit with a random part for a field without; tracing it takes minutes")
    command("forecast", analysis.forecast, "the limit against N, the years that N takes, energy resolution and bin width", run=True,
            out="folder to write")
    report = command("report", reports.report, "a PDF and a folder with everything that a result rests on", out="folder to write")
    report.add_argument("source", type=Path, metavar="RESULT", help="folder of a training, of demo or of a study, or a result as JSON")
    report.add_argument("--training", type=Path, metavar="FOLDER", help="folder of the training whose curves belong to it")
    _add_study(command("study", studies.study, "run sources x N x statistic into one table; an interrupted study is continued", out=False))

    _add_events(command("events", observed.events, "read measured events; with a run, test them for its sources", out=False))
    search = command("search", analysis.search, "search for meta-parameters with Optuna; an interrupted search is continued",
                     out="folder to write")
    search.add_argument("search", type=Path, metavar="SEARCH.toml", help="base run and parameters; see docs/studies.md")

    published = command("import-model", models.import_model, "turn a published Keras 2 network (.h5, .h5.bz2) into a model of ours",
                        out=".keras to write")
    published.add_argument("published", type=Path, metavar="PUBLISHED.h5", help="file of the published analysis, perhaps packed (.bz2)")
    score = command("score", models.score, "score counts maps made anywhere with a trained or imported network",
                    out="CSV to write: one column, score")
    score.add_argument("--model", type=Path, required=True, metavar="M.keras", help="trained or imported network")
    score.add_argument("--maps", type=Path, required=True, metavar="MAPS.npy",
                       help="counts in RING order, shape (n, npix) or (n, npix, n_bins)")
    score.add_argument("--log-odds", action="store_true", help="write the logarithm of the odds, which does not round to 0 or 1")

    cross = command("cross", analysis.cross, "try tests made for one field, source or emission, and their average, on skies of each",
                    out="folder to write")
    cross.add_argument("cross", type=Path, metavar="CROSS.toml", help="base run and scenarios; see docs/statistics.md")

    lens = command("lens", lenses.lens, "trace the whole sky and write a lens for CRPropa or deflection tables", out="folder to write")
    lens.add_argument("model", metavar="MODEL", help=", ".join(field_models()))
    lens.add_argument("--nside", type=int, default=64, help="HEALPix resolution (64)")
    lens.add_argument("--rigidities", metavar="LOW..HIGH:STEP", help="ranges: EV, EV, step in lg R; or edges in EV separated by commas")
    lens.add_argument("--rays-per-pixel", type=int, default=1, metavar="N", help="1 (the centre), 4, 16, ...: the centres of its parts")
    lens.add_argument("--format", choices=("crpropa", "deflections"), default="crpropa", help="crpropa, or published text tables")
    lens.add_argument("--nuclei", type=lambda text: text.split(","), metavar="NAME[,NAME…]",
                      help="nuclei of deflection tables, such as helium,silicon; left out: protons")
    lens.add_argument("--energies", metavar="E[,E…]", help="whole EeV of these nuclei, such as 56..80")

    sample = command("src-sample", lenses.src_sample, "draw nuclei of a source in the published src_sample format", run=True,
                     out=".txt or .txt.xz to write")
    sample.add_argument("--number", type=int, default=10_000, metavar="N", help="nuclei at the Galaxy's edge (10000)")
    sample.add_argument("--nside", type=int, default=512, help="HEALPix resolution of the rays (512)")
    sample.add_argument("--lowest-energy", type=float, metavar="EEV", help="true energy to start from; energy.threshold by default")
    sample.add_argument("--source", metavar="NAME", help="only this source of the run")

    command("demo", setup.demo, "do the main job on the built-in example", out="folder to write")
    example = command("example-maps", setup.example_maps, "make the shipped maps of the built-in example again",
                      out="folder, resources/lens for the shipped ones")
    example.add_argument("--field", metavar="MODEL", help="field; that of the default settings if left out")
    example.add_argument("--source", action="append", default=[], metavar="NAME", help="source (repeatable); default the published five")
    command("background", setup.background, "make the shipped diffuse KKOS spectrum again", out="CSV to write")
    command("info", setup.info, "versions, models, folders and processors", out=False)
    worker = commands.add_parser("worker")  # hidden: the training process of the window and of train
    worker.add_argument("folder", type=Path)
    worker.set_defaults(command=analysis.worker)
    doer = commands.add_parser("study-worker")  # hidden: the process of a study's cell on a cluster
    doer.set_defaults(command=studies.study_worker)
    runner = commands.add_parser("study-process")  # hidden: the process of a study that the window starts
    runner.add_argument("folder", type=Path)
    runner.add_argument("--scheduler")
    runner.set_defaults(command=studies.study_process)
    searcher = commands.add_parser("search-worker")  # hidden: the process of a search that the window starts
    searcher.add_argument("folder", type=Path)
    searcher.set_defaults(command=analysis.search_worker)
    return parser


def _add_study(sub):
    sub.add_argument("study", type=Path, metavar="STUDY.toml", help="base run, axes and statistics; see docs/studies.md")
    sub.add_argument("--out", type=Path, help="folder to write; cells that are done in it are not repeated")
    sub.add_argument("--dry-run", action="store_true", help="only list the cells, with time, memory and disk")
    where = sub.add_mutually_exclusive_group()
    where.add_argument("--scheduler", metavar="ADDRESS", help="do the cells on the workers of a Dask scheduler, tcp://HOST:PORT; see docs/cluster.md")
    where.add_argument("--cluster", type=Path, metavar="CLUSTER.toml", help="do the cells in jobs of SLURM or PBS; see docs/cluster.md")
    sub.add_argument("--network-resource", metavar="NAME=NUMBER", help="networks go only to workers with this resource, such as GPU=1")


def _add_events(sub):
    sub.add_argument("lists", type=Path, nargs="+", metavar="EVENTS", help="event list: CSV, ECSV, FITS, VOTable, text; see docs/events.md")
    sub.add_argument("--run", type=Path, metavar="RUN.toml", help="sources, field, exposure and energies; left out: only read the lists")
    sub.add_argument("--out", type=Path, help="JSON to write")
    sub.add_argument("--energy-scale", type=numbers(float, "factors"), metavar="F[,F…]", help="factor on the energies (of each list)")
    judged = sub.add_mutually_exclusive_group()
    judged.add_argument("--model", type=Path, metavar="M.keras", help="network trained for these events")
    judged.add_argument("--statistic", choices=FOR_EVENTS,
                        help="statistic that needs no training (maximum_likelihood_ratio)")
    sub.add_argument("--skies", type=int, default=50_000, metavar="N", help="isotropic skies for the p-values (50000)")
    sub.add_argument("--belt-skies", type=int, default=2000, metavar="N", help="skies for each of 41 fractions of the interval (2000)")
    sub.add_argument("--scale-error", type=float, default=0.14, metavar="F", help="error of the energy scale (0.14); 0: leave it out")
    sub.add_argument("--level", type=float, default=0.68, metavar="P", help="confidence of the interval (0.68)")
    sub.add_argument("--upper-level", type=float, default=0.95, metavar="P", help="confidence of the upper limit (0.95)")
    sub.add_argument("--table", type=Path, metavar="CSV", help="write every event with its probability to be from each source")
    sub.add_argument("--png", type=Path, help="draw the events on the sky, coloured by that probability")
    hidden = sub.add_mutually_exclusive_group()
    hidden.add_argument("--blind", action="store_true", help="record the test in --out and show no result")
    hidden.add_argument("--unblind", type=Path, metavar="PLAN.json", help="show the result of a test that was recorded")
    sub.add_argument("--source", metavar="NAME", help="only this source of the run")
    sub.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE", dest="assignments", help="change a setting (repeatable)")
    sub.add_argument("--seed", type=int, help="seed of every random stream")


def _halves(sub, help):
    sub.add_argument("--halves", action="store_true", help=f"{help} (same as --set sky.halves=true)")


def _narrow(sub):
    sub.add_argument("--source", metavar="NAME", help="only this source of the run")
    sub.add_argument("--events", type=int, metavar="N", help="only this number of events")
