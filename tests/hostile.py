"""Every reader with a valid file of its own, and how such files are broken; for the tests and for the campaign."""

import contextlib
import gzip
import hashlib
import io
import json
import lzma
import warnings
from dataclasses import asdict
from types import SimpleNamespace

import healpy as hp
import numpy as np

from tests.core.training_runs import small_density, small_run
from zevatron.core.config import config_from_toml, read_run, run_toml
from zevatron.core.cross import read_cross
from zevatron.core.emission.published import read_published as read_spectrum
from zevatron.core.errors import ZevatronError
from zevatron.core.exposure import _of_healpix, _of_table
from zevatron.core.lens.crpropa import read_config, read_matrix, write_matrix
from zevatron.core.lens.published import read_table as read_deflections
from zevatron.core.lens.published import ring_centres
from zevatron.core.lens.published import write_table as write_deflections
from zevatron.core.mock_events import draw_events
from zevatron.core.mock_events.files import read_events, write_events
from zevatron.core.network.maps import read_maps
from zevatron.core.observed.blind import KIND, read_plan, require_lists, require_same, seal
from zevatron.core.observed.effort import Effort
from zevatron.core.observed.lists import read_event_list
from zevatron.core.search.folder import NUMBERS, SearchFolder
from zevatron.core.search.plan import make_plan, read_search, search_toml
from zevatron.core.sky import pixel_vectors
from zevatron.core.sky_density.files import MAGIC, read_densities, write_densities
from zevatron.core.sky_density.samples import read_sample
from zevatron.core.sources import read_custom_sources
from zevatron.core.storage.cache import MAGIC as CACHE_MAGIC
from zevatron.core.storage.cache import read_cache, write_cache
from zevatron.core.storage.hdf5 import USER_BLOCK
from zevatron.core.study import read_result, read_study, verdict_from_entry
from zevatron.core.training import RunFolder, RunState
from zevatron.core.training.queue import RunQueue
from zevatron.core.training.state_file import read_state
from zevatron.gui.files.scenes import read_scenes
from zevatron.gui.files.session import read_edits

EVENTS = "ra,dec,energy_EeV,date\n10.5,-20.25,60.5,2010-01-01\n200.0,45.0,101.3,2011-02-03\n"
VOTABLE = """<?xml version="1.0"?><VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>
<FIELD name="ra" datatype="double" unit="deg"/><FIELD name="dec" datatype="double" unit="deg"/><FIELD name="energy" datatype="double" unit="EeV"/>
<DATA><TABLEDATA><TR><TD>10</TD><TD>20</TD><TD>60</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"""


DEMO = """[[scene]]
title = "One sky of {N} events"
seconds = 5.0
n_events = 50
[scene.sky]
mode = "events"
centre = [10.0, -20.0]
overlays = ["graticule", "sources"]
[[scene]]
title = "The field"
tab = "Field"
play = true
rigidity = 10.0
"""
ENTRY = """{"source": "Cen A", "n_events": 50, "statistic": "likelihood_ratio", "eta_min": 0.05, "eta_low": 0.04, "eta_high": null,
"alpha": 0.01, "beta": 0.05, "alpha_requested": 0.01, "beta_requested": 0.05, "auc": 0.99, "threshold": 1.5, "roc_false_positive": [0, 1],
"roc_true_positive": [0, 1], "null_histogram": [[0, 1], [1]], "signal_histogram": [[0, 1], [1]], "eta_grid": [0.05], "beta_grid": [0.05]}"""


def read_history(path):
    """Read the history of a run folder that has this file."""
    folder = object.__new__(RunFolder)
    folder.path = path.parent
    return folder.history


def _run(path):
    return config_from_toml(path.read_text(encoding="utf-8", errors="surrogateescape"))


def text_readers(folder):
    """Return ``{name: (reader, name of the file, a valid content)}`` of texts, made in ``folder``."""
    base = run_toml(small_run(), comments=False)
    (folder / "base.toml").write_text(base, encoding="utf-8")
    plan = search_toml(make_plan(small_run(), {"network.filters": [4, 6], "training.learning_rate": {"low": 0.1, "high": 1.0}}))
    deflections = folder / "seed.txt"
    write_deflections(deflections, ring_centres(1))
    spectrum = "\n".join(" ".join([f"{energy:.3e}", *["1.5e20"] * 56]) for energy in (1e18, 1e19, 1e20)) + "\n"
    record = json.dumps({"kind": KIND, "seal": "", "plan": {
        "run": {"config": base}, "lists": [{"file": "events.csv", "sha256": "0", "scale": 1.0}], "statistic": "likelihood_ratio", "effort": asdict(Effort()),
    }})
    cross = 'base = "base.toml"\nsmoothing_deg = 1.5\n[[scenario]]\nname = "a"\n"field.model" = "none"\n[[scenario]]\nname = "b"\n'
    texts = {
        "run": (read_run, "run.toml", base),
        "session": (_run, "session.toml", base),
        "study": (read_study, "study.toml", 'base = "base.toml"\nstatistics = ["likelihood_ratio"]\n[axes]\n"energy.resolution" = [0.1, 0.2]\n'),
        "cross": (read_cross, "cross.toml", cross),
        "search": (read_search, "search.toml", plan),
        "sources": (read_custom_sources, "sources.csv", "name,l_deg,b_deg,distance_Mpc\nA,10.5,-20,3.5\nB,200,45,16\n"),
        "exposure": (lambda path: _of_table(path, np.zeros(3)), "exposure.csv", "dec_deg,exposure\n-90,1\n0,2\n45,0\n"),
        "events_csv": (read_event_list, "events.csv", EVENTS),
        "events_ecsv": (read_event_list, "events.ecsv", "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: ra, unit: deg, datatype: float64}\n"
                        "# - {name: dec, unit: deg, datatype: float64}\n# - {name: energy, unit: EeV, datatype: float64}\nra dec energy\n1 2 60\n"),
        "events_votable": (read_event_list, "events.vot", VOTABLE),
        "deflections": (read_deflections, "seed.txt", deflections.read_text()),
        "sample": (read_sample, "sample.txt", "# lat_ini ...\n10 20 12 22 3.5 14 60 7\n-10 200 -12 190 1.5 26 80 9\n"),
        "spectrum": (lambda path: read_spectrum(path, np.array([10.0, 50.0])), "3.5", spectrum),
        "result": (read_result, "result.json", json.dumps({"results": [{"source": "Cen A", "eta_min": 0.05}], "run": {"digest": "0", "seed": 1}})),
        "plan": (_resealed_plan, "plan.json", record),
        "state": (lambda path: read_state(path, RunState, "a training"), "state.json", json.dumps({"state": "running", "epoch": 3, "seconds": 1.5})),
        "history": (read_history, "history.csv", "epoch,loss,accuracy,val_loss,val_accuracy,val_auc,val_eta,seconds\n1,0.5,0.7,0.6,0.7,0.8,nan,1.5\n"),
    }
    texts |= _texts_of_folders(folder) | {
        "events_dat": (read_event_list, "events.dat", "ra dec energy\n10.5 -20.25 60.5\n200.0 45.0 101.3\n"),
        "demo": (read_scenes, "demo.toml", DEMO),
        "entries": (_verdicts, "entries.json", json.dumps({"results": [json.loads(ENTRY)], "run": {}})),
    }
    found = {name: (reader, file, text.encode()) for name, (reader, file, text) in texts.items()}
    for name, ending, pack in (("deflections", ".xz", lzma.compress), ("spectrum", ".gz", gzip.compress)):
        reader, file, text = found[name]
        found[f"{name}{ending}"] = (reader, f"{file}{ending}", pack(text))
    return found


def _texts_of_folders(folder):
    """Readers of texts that stand beside other files: a queue, the trials of a search, the ranges of a lens, the last edits of a window."""
    (folder / "CenA-N50-0").mkdir(exist_ok=True)
    (folder / "CenA-N50-0" / "config.toml").write_text(run_toml(small_run()), encoding="utf-8")
    write_matrix(folder / "1.mldat", np.eye(12))
    names = ("trial", "state", "training.learning_rate", *NUMBERS, "folder", "reason")
    row = ("1", "done", "0.1", *["0.5"] * len(NUMBERS), "CenA-N50-0", "")
    return {
        "queue": (lambda path: RunQueue(path.parent).read(), "queue.json", json.dumps({"runs": ["CenA-N50-0"], "at_once": 2})),
        "trials": (_trials, "trials.csv", f"# a search\n{','.join(names)}\n{','.join(row)}\n"),
        "lens_ranges": (lambda path: read_config(path.parent), "lens.cfg", "# a lens\n1.mldat 18.5 18.7\n1.mldat 18.7 18.9\n"),
        "edits": (read_edits, "edits.json", json.dumps({"run": asdict(small_run()), "path": "", "n_events": 50, "eta": 0.1})),
    }


def _resealed_plan(path):
    """Read a plan whose seal is put right, as of somebody who knows how, where there is one."""
    with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
        record = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(record | {"seal": seal(record["plan"])}), encoding="utf-8")
    found = read_plan(path)
    require_lists(found, [SimpleNamespace(sha256="0")])
    require_same(found, found)
    return found


def _trials(path):
    found = object.__new__(SearchFolder)
    found.path = path.parent
    return found.trials()


def _verdicts(path):
    return [verdict_from_entry(entry, path) for entry in read_result(path)["results"]]


def binary_readers(folder):
    """Return the same of files that are neither text nor HDF5."""
    from astropy.table import Table

    events, exposure, maps = io.BytesIO(), folder / "seed-exposure.fits", io.BytesIO()
    Table({"ra": [10.0, 200.0], "dec": [20.0, -45.0], "energy": [60.0, 101.5]}, units=("deg", "deg", None)).write(events, format="fits")
    hp.write_map(exposure, np.arange(12.0), coord="C", dtype=np.float32, overwrite=True)
    np.save(maps, np.ones((2, 12, 3), np.float32))
    write_matrix(folder / "1.mldat", np.eye(12))
    places = pixel_vectors(1)
    return {
        "events_fits": (read_event_list, "events.fits", events.getvalue()),
        "events_fits.gz": (read_event_list, "events.fits.gz", gzip.compress(events.getvalue())),
        "exposure_map": (lambda path: _of_healpix(path, places), "exposure.fits", exposure.read_bytes()),
        "maps": (lambda path: np.asarray(read_maps(path)), "maps.npy", maps.getvalue()),
        "matrix": (read_matrix, "seed.mldat", (folder / "1.mldat").read_bytes()),
    }


def hdf5_readers(folder):
    """Return the same of HDF5 files, each with a function that seals a broken content anew, as its writer would have."""
    density, config = small_density(), small_run()
    write_densities(folder / "density.h5", config, [density])
    write_events(folder / "skies.h5", config, density, draw_events(density, 20, np.array([0, 4, 9]), np.random.default_rng(1)))
    write_cache(folder / "cache.h5", "digest", {"weight": np.arange(100.0), "start": np.array([0, 100])})
    readers = {
        "density": (read_densities, "density.h5", MAGIC), "skies": (read_events, "skies.h5", MAGIC),
        "cache": (lambda path: read_cache(path, "digest"), "cache.h5", CACHE_MAGIC),
    }
    return {name: (reader, file, (folder / file).read_bytes(), magic) for name, (reader, file, magic) in readers.items()}


def sealed(content, magic):
    """Return an HDF5 content with the seal that it would have if it had been written so."""
    seal = magic + hashlib.sha256(content[USER_BLOCK:]).hexdigest().encode()
    return seal + content[len(seal):]


TOKENS = (
    b"nan", b"inf", b"-1", b"0", b"1e999", b"9" * 400, b"0x" + b"f" * 5000, b"\0", b"\xff", b"[", b"{", b'"', b"'", b"=", b".", b",", b"\n", b"#",
    b"true", b"[[", b"{}", b"[]", b"[1]", b"1979-05-27", b"/dev/zero", b"..", b"\xef\xbb\xbf", b"[" * 5000, b"a." * 500, b"<", b"&#0;", b"null",
)


def broken(content, rng):
    """Return a content with a few bytes changed, taken out, doubled or put in."""
    content = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        place, way = rng.randrange(len(content) + 1), rng.randrange(6)
        length = rng.choice((1, 1, 2, 8, 40))
        if way == 0 and place < len(content):
            content[place] = rng.randrange(256)
        elif way == 1:
            del content[place : place + length]
        elif way == 2:
            content[place:place] = rng.choice(TOKENS)
        elif way == 3:
            content[place : place + length] = rng.choice(TOKENS)
        elif way == 4:
            content[place:place] = content[(start := rng.randrange(len(content) + 1)) : start + length]
        else:
            del content[place:]
        if not content:
            break
    return bytes(content)


def outcome(reader, path):
    """Return ``"read"`` or ``"refused"``; any other error is raised."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            found = reader(path)
        except ZevatronError as error:
            assert str(error).strip()
            return "refused"
    return "refused" if found is None else "read"
