"""Broken and hostile files: every reader reads them or says in one line why not; docs/robustness.md has the campaign."""

import contextlib
import gzip
import json
import os
import random
import shutil
import time

import h5py
import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.core.published_files import PublishedFile
from tests.core.training_runs import small_density, small_run
from tests.hostile import binary_readers, broken, hdf5_readers, outcome, sealed, text_readers
from zevatron.core.config import config_from_dict, config_from_toml, parse_assignment, read_run
from zevatron.core.errors import ConfigError, DamagedFileError, InputError, ZevatronError
from zevatron.core.network.maps import read_maps
from zevatron.core.network.published import read_published
from zevatron.core.observed.blind import read_plan, seal
from zevatron.core.observed.lists import read_event_list
from zevatron.core.report.content import read_content
from zevatron.core.sky_density.files import read_densities
from zevatron.core.sky_density.files import sealed as sealed_file
from zevatron.core.storage.documents import json_document, read_bytes, toml_document
from zevatron.core.storage.hdf5 import HEAP, SIGNATURE, open_content
from zevatron.core.study import read_result, read_study
from zevatron.core.training import RunFolder
from zevatron.core.training.queue import RunQueue

TEXTS = (
    "run", "session", "study", "cross", "search", "sources", "exposure", "events_csv", "events_ecsv", "events_votable", "deflections", "sample",
    "spectrum", "result", "plan", "state", "history", "queue", "trials", "lens_ranges", "edits", "events_dat", "demo", "entries",
    "deflections.xz", "spectrum.gz",
)
BESIDE = ("base.toml", "1.mldat", "CenA-N50-0/config.toml")  # what some of them name
BINARIES = ("events_fits", "events_fits.gz", "exposure_map", "maps", "matrix")
quick = settings(max_examples=15, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def texts(folder):
    found = text_readers(folder)
    assert tuple(found) == TEXTS
    found |= binary_readers(folder)
    assert tuple(found) == TEXTS + BINARIES
    return found


@pytest.fixture(scope="module")
def arrays(folder):
    return hdf5_readers(folder)


def attempt(folder, reader, name, content):
    (folder / "tried" / "CenA-N50-0").mkdir(parents=True, exist_ok=True)
    for beside in BESIDE:
        if (folder / beside).exists() and not (folder / "tried" / beside).exists():
            shutil.copy(folder / beside, folder / "tried" / beside)
    (folder / "tried" / name).write_bytes(content)
    return outcome(reader, folder / "tried" / name)


@pytest.mark.parametrize("name", TEXTS + BINARIES)
def test_the_valid_file_is_read(texts, folder, name):
    reader, file, content = texts[name]
    assert attempt(folder, reader, file, content) == "read"


@pytest.mark.parametrize("name", TEXTS + BINARIES)
@quick
@given(seed=st.integers(0, 2**32))
def test_a_broken_file_is_read_or_refused(texts, folder, name, seed):
    reader, file, content = texts[name]
    attempt(folder, reader, file, broken(content, random.Random(seed)))


@pytest.mark.parametrize("name", TEXTS)
@quick
@given(content=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))))
@example(content=b"")
def test_anything_is_read_or_refused(texts, folder, name, content):
    reader, file, _ = texts[name]
    attempt(folder, reader, file, content)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@quick
@given(value=json_values, path=st.sampled_from(["seed", "sources", "sky.nside", "sources.custom", "training.scenarios", "energy.resolution"]))
def test_a_value_of_any_kind_is_a_setting_or_an_error(value, path):
    for part in reversed(path.split(".")):
        value = {part: value}
    with contextlib.suppress(ZevatronError):
        config_from_dict(value)


@pytest.mark.parametrize("text", [
    "x = " + "[" * 100_000, "seed = " + "9" * 5000, "seed = 0x" + "f" * 5000, "a." * 100_000 + "b = 1", "seed = 1" + "0" * 400,
    "[energy]\nresolution = " + "9" * 400, "x = {" + "a." * 50_000 + "b = 1}", "[" + '"a" . ' * 50_000 + "b]",
])
def test_texts_that_made_python_fail_or_wait(text):
    with pytest.raises(ZevatronError):
        config_from_toml(text)
    with pytest.raises(ValueError):
        toml_document(text)


def test_nested_and_endless_numbers_in_json_are_refused(tmp_path):
    for text in ("[" * 100_000, '{"a": ' + "9" * 5000 + "}", '{"a": 1e400, "b": ' + "9" * 30 + "}"):
        with pytest.raises(ValueError):
            json_document(text)
        (tmp_path / "result.json").write_text(text)
        with pytest.raises(DamagedFileError):
            read_result(tmp_path / "result.json")


def test_an_assignment_that_is_no_toml_is_a_text():
    assert parse_assignment("seed=" + "[" * 5000) == ("seed", "[" * 5000)


def test_devices_and_pipes_are_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero", tmp_path):
        with pytest.raises(InputError, match="regular file"):
            read_bytes(path)
    with pytest.raises(InputError):
        read_bytes("a\0b")
    (tmp_path / "study.toml").write_text('base = "/dev/zero"\n')
    with pytest.raises(InputError, match="regular file"):
        read_study(tmp_path / "study.toml")


def test_what_a_run_folder_holds_in_place_of_files_is_not_waited_for(tmp_path):
    folder = RunFolder.create(tmp_path / "run", small_run(), small_density())
    os.mkfifo(folder.history_path)
    folder.log_path.mkdir()
    with pytest.raises(InputError, match="regular file"):
        _ = folder.history
    assert folder.log_tail == ""


def test_only_the_end_of_a_log_is_read(tmp_path):
    folder = RunFolder.create(tmp_path / "run", small_run(), small_density())
    with open(folder.log_path, "wb") as stream:
        stream.truncate(2**33)  # a hole: takes no room on the disk
        stream.seek(0, os.SEEK_END)
        stream.write(b"\nMemoryError\n")
    assert folder.log_tail.splitlines()[-1] == "MemoryError"


@pytest.mark.parametrize("text", ["[" * 100_000, '{"runs": [], "at_once": 1e400}', '{"runs": 1, "at_once": 1}', "[]", '{"runs": [], "at_once": null}'])
def test_a_queue_that_is_none_is_named(tmp_path, text):
    (tmp_path / "queue.json").write_text(text)
    with pytest.raises(DamagedFileError, match="not a queue"):
        RunQueue(tmp_path).read()


def test_names_in_a_queue_stay_in_its_folder(tmp_path):
    (tmp_path / "runs" / "CenA").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    for folder in ("other", "runs/CenA"):
        (tmp_path / folder / "config.toml").write_text("")
    names = ["../other", str(tmp_path / "other"), "x" * 5000, "é" * 200, "a\0b", "\ud800", ".", "", 5, None, "CenA"]
    (tmp_path / "runs" / "queue.json").write_text(json.dumps({"runs": names, "at_once": 10**9}))
    assert RunQueue(tmp_path / "runs").read().runs == ("CenA",)


@pytest.mark.parametrize("header", [b"{'descr': '<f4', 'shape': (", b"__import__('os').mkdir('x')", b"[" * 5000, b"\xff" * 10, b"'\\N{'", b"1e400"])
def test_headers_of_arrays_are_data(tmp_path, header):
    header += b" " * (-len(header) % 64) + b"\n"
    (tmp_path / "maps.npy").write_bytes(b"\x93NUMPY\x02\x00" + len(header).to_bytes(4, "little") + header + bytes(1000))
    with pytest.raises(InputError, match="array of numbers"):
        read_maps(tmp_path / "maps.npy")


@pytest.mark.parametrize("change", [
    {"lists": 1}, {"lists": [{}]}, {"lists": [{"file": "a", "sha256": "0"}]}, {"run": {}}, {"run": []}, {"effort": {"seed": 1}}, {"statistic": None},
])
def test_a_true_seal_does_not_make_a_record(texts, tmp_path, change):
    record = json.loads(texts["plan"][2])
    plan = record["plan"] | change
    (tmp_path / "plan.json").write_text(json.dumps(record | {"plan": plan, "seal": seal(plan)}))
    with pytest.raises(DamagedFileError, match="not the record of a test"):
        read_plan(tmp_path / "plan.json")


def test_what_lies_beside_a_result_does_not_keep_a_report_from_being_made(texts, tmp_path):
    folder = RunFolder.create(tmp_path / "run", small_run(), small_density())
    for name, text in (("deep.json", "[" * 100_000), ("large.json", "9" * 5000)):
        (folder.path / name).write_text(text)
    folder.history_path.write_bytes(texts["history"][2])
    assert len(read_content(folder.path).trainings) == 1


def test_a_run_file_without_end_is_refused(tmp_path):
    (tmp_path / "run.toml").write_bytes(b"#" * (2**20 + 1))
    with pytest.raises(InputError, match="at most 1 MiB"):
        read_run(tmp_path / "run.toml")


@pytest.mark.parametrize("text", ["base = 1", "run = 1", "axes = 1", "[axes]\nseed = []", '[run]\nbase = "x"'])
def test_entries_of_another_kind_are_named(tmp_path, text):
    (tmp_path / "study.toml").write_text(text)
    with pytest.raises(ConfigError):
        read_study(tmp_path / "study.toml")


def test_a_study_of_a_million_cells_is_refused(tmp_path):
    (tmp_path / "study.toml").write_text(f"[axes]\nseed = {list(range(3000))}\n\"energy.resolution\" = {[i / 6000 for i in range(3000)]}\n")
    with pytest.raises(ConfigError, match="at most"):
        read_study(tmp_path / "study.toml")


# HDF5


@pytest.mark.parametrize("name", ["density", "skies", "cache"])
def test_a_file_cut_at_every_4_kib_is_refused(arrays, folder, name):
    reader, file, content, _ = arrays[name]
    assert attempt(folder, reader, file, content) == "read"
    for length in range(0, len(content), 4096):
        assert attempt(folder, reader, file, content[:length]) == "refused"


def test_a_published_network_cut_at_every_4_kib_is_refused(tmp_path):
    path = PublishedFile(np.random.default_rng(1), 4).write(tmp_path / "m.h5")
    content = path.read_bytes()
    assert read_published(path).kernels and len(content) > 3 * 4096
    for length in range(0, len(content), 4096):
        path.write_bytes(content[:length])
        with pytest.raises(DamagedFileError):
            read_published(path)


def bomb(file):
    file.create_dataset("isotropic/density", (10**6, 10**6), "f8", chunks=(1000, 1000), compression="gzip")


def large_chunk(file):
    file.create_dataset("isotropic/density", (10, 10), "f8", chunks=(10, 10), maxshape=(None, None))
    file.create_dataset("other", (2**28,), "f8", chunks=(2**28,), compression="gzip")


def link_outside(file):
    file["isotropic"] = h5py.ExternalLink("/etc/passwd", "/")


def outside(file):
    file.create_dataset("isotropic/density", (10,), "u1", external=[("/etc/passwd", 0, 10)])


@pytest.mark.parametrize("change", [bomb, large_chunk, link_outside, outside])
def test_a_sealed_file_that_reaches_out_or_unpacks_without_end_is_refused(tmp_path, change):
    with sealed_file(tmp_path / "d.h5", small_run()) as file:
        change(file)
    with pytest.raises(DamagedFileError):
        read_densities(tmp_path / "d.h5")


def heap_objects(content):
    """Places of the objects in the first heap of texts of an HDF5 content, that of the free space last."""
    place = content.index(HEAP)
    end, at = place + int.from_bytes(content[place + 8 : place + 16], "little"), place + 16
    while at < end:
        yield at
        number, size = int.from_bytes(content[at : at + 2], "little"), int.from_bytes(content[at + 8 : at + 16], "little")
        at += 16 + -(-size // 8) * 8 if number else size


@pytest.mark.parametrize("number, size", [(0, 0), (1, 2**64 - 16), (0, 2**63), (7, 2**40)])
@pytest.mark.parametrize("name", ["density", "skies", "cache"])
def test_a_heap_without_end_is_not_walked_through(arrays, folder, name, number, size):
    """The library would walk for ever through the first two, holding the lock of the interpreter."""
    reader, file, content, magic = arrays[name]
    at = list(heap_objects(content))[1]
    changed = content[:at] + number.to_bytes(2, "little") + content[at + 2 : at + 8] + size.to_bytes(8, "little") + content[at + 16 :]
    assert attempt(folder, reader, file, sealed(changed, magic)) == "refused"


def test_lengths_of_other_sizes_are_refused(arrays):
    _, _, content, _ = arrays["cache"]
    place = content.index(SIGNATURE)
    with open_content(content) as file:
        version = content[place + 8]
        assert set(file) == {"weight", "start"} and version < 2
    with pytest.raises(ValueError, match="8 bytes"):
        open_content(content[: place + 14] + b"\x04" + content[place + 15 :])


def test_the_walk_through_heaps_takes_no_longer_than_the_file_is_long():
    heap = HEAP + bytes(3) + (2**20).to_bytes(8, "little")
    content = heap * 2**16 + bytes(2**20)
    with pytest.raises((ValueError, OSError)):
        open_content(content)


def test_what_stands_behind_a_true_seal_may_be_anything(tmp_path):
    for name, value in (("sources", np.arange(3)), ("isotropic/density", np.array(["a"], "S1")), ("isotropic", np.array(1.0))):
        with sealed_file(tmp_path / "d.h5", small_run()) as file:
            file[name] = value
        with pytest.raises(DamagedFileError):
            read_densities(tmp_path / "d.h5")


# Event lists


@pytest.mark.parametrize("text", [
    '<!DOCTYPE a [<!ENTITY b "c">]><VOTABLE/>', '<VOTABLE><RESOURCE><TABLE><DATA><BINARY><STREAM href="file:///etc/passwd"/></BINARY></DATA></TABLE></RESOURCE></VOTABLE>',
])
def test_a_votable_loads_nothing_from_elsewhere(tmp_path, text):
    (tmp_path / "events.vot").write_text(text)
    with pytest.raises(DamagedFileError, match="holds its data itself"):
        read_event_list(tmp_path / "events.vot")


def test_a_list_that_unpacks_without_end_is_refused(tmp_path):
    (tmp_path / "events.fits.gz").write_bytes(gzip.compress(b"0" * (65 * 2**20), 1))
    (tmp_path / "events.csv").write_bytes(gzip.compress(b"ra,dec,E\n"))
    for name, said in (("events.fits.gz", "at most 64 MiB"), ("events.csv", "packed")):
        with pytest.raises(DamagedFileError, match=said):
            read_event_list(tmp_path / name)


ECSV = "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: ra, unit: deg, datatype: float64}\n"
DOUBLING = "# meta:\n#  a0: &a0 {x: 1}\n" + "".join(f"#  a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}\n" for i in range(1, 40))


@pytest.mark.parametrize("name", ["events.ecsv", "events.dat"])
@pytest.mark.parametrize("text", [
    ECSV + "# - " + "[" * 5000, ECSV + "# - " + "[" * 2**20, ECSV + "# meta: [" + "1," * 2**17 + "]\nra\n1\n", ECSV + DOUBLING + "ra\n1\n",
    ECSV.replace("unit: deg, datatype: float64", "datatype: string, subtype: 'float64[300000000]'") + 'ra\n""\n',
    ECSV + "# meta: !numpy.ndarray {buffer: !!binary AAAA, dtype: V1000000000, order: C, shape: [1]}\nra\n1\n",
])
def test_the_header_of_a_list_costs_nothing(tmp_path, name, text):
    """astropy's reader would need seconds, gigabytes or longer than anybody waits."""
    (tmp_path / name).write_text(text)
    started = time.process_time()
    with pytest.raises(InputError):
        read_event_list(tmp_path / name)
    assert time.process_time() - started < 4


@pytest.mark.parametrize("change", ["delimiter: ';'", "datatype: 5", "datatype: [{name: [1]}]", "datatype: [{name: ra, unit: [deg]}]", "[]", "x: ]"])
def test_a_header_that_is_none_is_named(tmp_path, change):
    (tmp_path / "events.ecsv").write_text(f"# %ECSV 1.0\n# ---\n# {change}\nra\n1\n")
    with pytest.raises(DamagedFileError):
        read_event_list(tmp_path / "events.ecsv")


@pytest.mark.parametrize("number", ["9" * 400, "1e400", "9" * 5000])
def test_numbers_that_no_angle_can_be_are_named(tmp_path, number):
    (tmp_path / "events.csv").write_text(f"ra,dec,energy_EeV\n{number},1,60\n")
    with pytest.raises(InputError, match="row 1"):
        read_event_list(tmp_path / "events.csv")


def test_a_packed_table_below_a_header_is_not_unpacked(tmp_path):
    (tmp_path / "events.ecsv").write_bytes(ECSV.encode() + gzip.compress(b"ra\n1\n"))
    with pytest.raises(DamagedFileError, match="packed"):
        read_event_list(tmp_path / "events.ecsv")


@pytest.mark.parametrize(("change", "said"), [
    (('datatype="double"', 'datatype="unicodeChar" arraysize="300000000"'), "values"), (("<TABLE>", '<TABLE nrows="300000000">'), "values"),
    (('datatype="double"', 'datatype="bit" arraysize="&#49;000000000"'), "a number as arraysize"),
    (("<FIELD", '<FIELD name="a" datatype="int"/>' * 1001 + "<FIELD"), "1000 columns"),
])
def test_a_votable_takes_no_more_room_than_it_holds(texts, tmp_path, change, said):
    (tmp_path / "events.vot").write_text(texts["events_votable"][2].decode().replace(*change, 1))
    with pytest.raises(DamagedFileError, match=said):
        read_event_list(tmp_path / "events.vot")


@pytest.mark.parametrize(("keyword", "value"), [("NAXIS", "9" * 70), ("TFIELDS", "+ 0090000000"), ("NAXIS", "1000")])
@pytest.mark.parametrize("name", ["events_fits", "exposure_map"])
def test_a_fits_file_is_not_counted_through(texts, tmp_path, name, keyword, value):
    """astropy would go on for hours, and holds no clock."""
    reader, file, content = texts[name]
    place = content.rindex(keyword.ljust(8).encode() + b"=")
    (tmp_path / file).write_bytes(content[: place + 10] + value.ljust(70).encode() + content[place + 80 :])
    with pytest.raises(InputError, match=f"{keyword} of at most 999"):
        reader(tmp_path / file)


@pytest.mark.parametrize("name", ["events_fits", "exposure_map"])
def test_a_packed_image_is_not_unpacked(texts, tmp_path, name):
    reader, file, _ = texts[name]
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(np.zeros((20, 20), np.float32))]).writeto(tmp_path / file)
    with pytest.raises(InputError, match="packed image"):
        reader(tmp_path / file)


@pytest.mark.parametrize("name", ["events.csv", "events.dat", "events.ecsv"])
def test_a_list_of_thousands_of_columns_or_too_many_lines_is_refused(tmp_path, name):
    header = ECSV if name.endswith("ecsv") else ""
    for text, said in (("a " * 500_000, "lines of at most"), ("1\n" * 1_100_000, "at most 1000000 events")):
        (tmp_path / name).write_text(header + text)
        with pytest.raises(DamagedFileError, match=said):
            read_event_list(tmp_path / name)


def test_a_long_text_with_one_bad_line_is_refused_at_once(tmp_path):
    """astropy's slow readers would take 500 MB for it."""
    (tmp_path / "events.dat").write_text("ra dec energy\n" + "10.5 -20.25 60.5\n" * 200_000 + "1 2 3 4\n")
    started = time.process_time()
    with pytest.raises(DamagedFileError):
        read_event_list(tmp_path / "events.dat")
    assert time.process_time() - started < 4


def test_a_nested_value_in_the_table_of_a_search_is_a_text(texts, tmp_path):
    reader, file, content = texts["trials"]
    (tmp_path / file).write_bytes(content.replace(b",0.1,", b"," + b"[" * 100_000 + b",", 1))
    assert reader(tmp_path / file)[0].values == {"training.learning_rate": "[" * 100_000}


def test_seals_of_the_campaign_are_those_of_the_writers(arrays):
    for _, _, content, magic in arrays.values():
        assert sealed(content, magic) == content
    assert small_density().nside == 2
