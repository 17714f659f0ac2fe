"""The queue of trainings on disk, the card that makes one again, the estimate of time, and where a training runs."""

import json
import platform
import shlex
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.training_runs import small_run
from zevatron.core.config import CustomSource, RunConfig, parse_assignment, read_run, with_values
from zevatron.core.errors import ConfigError, DamagedFileError, InputError
from zevatron.core.training import RunFolder, device
from zevatron.core.training.card import command_lines, read_card, toml_text
from zevatron.core.training.device import card_of, resident_memory
from zevatron.core.training.pace import REFERENCE_RATE, SCORING, Pace, measured_pace, most_seconds
from zevatron.core.training.queue import QueueState, RunQueue, is_name, run_name
from zevatron.core.training.run_folder import INTERRUPTED


@pytest.fixture
def queue(tmp_path):
    return RunQueue(tmp_path / "runs")


def runs(*numbers):
    return [small_run(events__n_events=(n,)) for n in numbers]


def numbers(state):
    return [int(name.split("-")[1][1:]) for name in state.runs]


def test_there_is_a_queue_before_anything_was_added(queue):
    assert queue.read() == QueueState() and not queue.path.exists()


def test_runs_keep_their_order_and_are_folders(queue):
    state = queue.add(runs(50, 60, 70))
    assert numbers(state) == [50, 60, 70] and RunQueue(queue.path).read() == state
    assert all(RunFolder(queue.path / name).state.state == "queued" for name in state.runs)
    assert numbers(queue.add(runs(60, 80))) == [50, 60, 70, 80]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-5, 5)), max_size=6))
def test_moving_permutes_and_moves_by_what_was_asked(tmp_path_factory, moves):
    queue = RunQueue(tmp_path_factory.mktemp("runs"))
    for name in (names := ["a", "b", "c", "d"]):
        (queue.path / name).mkdir()
        (queue.path / name / "config.toml").touch()
        queue.append(name)
    for place, by in moves:
        before = list(queue.read().runs)
        after = list(queue.move(before[place], by).runs)
        assert sorted(after) == names
        assert after.index(before[place]) == min(max(place + by, 0), 3)
        assert [n for n in after if n != before[place]] == [n for n in before if n != before[place]]


def test_removing_deletes_only_what_was_never_trained(queue):
    first, second = queue.add(runs(50, 60)).runs
    (queue.path / second / "last.keras").touch()
    assert queue.remove(first).runs == (second,) and not (queue.path / first).exists()
    assert queue.remove(second).runs == () and (queue.path / second / "last.keras").exists()


def test_what_is_done_or_gone_is_left_out(queue):
    first, second = queue.add(runs(50, 60)).runs
    folder = RunFolder(queue.path / first)
    folder.set_state(folder.state, state="done")
    assert queue.take(first).runs == (second,)
    assert queue.add(runs(50)).runs == (second,)
    RunFolder(queue.path / second).remove()
    assert queue.read().runs == ()


def test_an_impossible_run_adds_nothing(queue):
    with pytest.raises(ConfigError, match="one number"):
        queue.add([*runs(50), small_run(events__n_events=(50, 60))])
    assert queue.read().runs == () and not list(queue.path.glob("*/"))


def test_changes_from_many_threads_are_all_kept(queue):
    queue.path.mkdir()
    for name in (names := [f"run{i}" for i in range(12)]):
        (queue.path / name).mkdir()
        (queue.path / name / "config.toml").touch()
    threads = [threading.Thread(target=queue.append, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(queue.read().runs) == sorted(names)


@pytest.mark.parametrize("text", ["", "[]", '{"runs": 3, "at_once": 1}', '{"runs": []}', '{"runs": [], "at_once": "many"}', "\x00"])
def test_a_damaged_queue_says_what_to_do(queue, text):
    queue.path.mkdir()
    queue.file_path.write_text(text)
    with pytest.raises(DamagedFileError, match="delete it and add the runs again"):
        queue.read()
    with pytest.raises(DamagedFileError):
        queue.append("a")


def test_names_stay_inside_the_folder(queue, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "config.toml").touch()
    queue.path.mkdir()
    queue.file_path.write_text(json.dumps({"runs": ["../outside", "", "."], "at_once": 1}))
    assert queue.read().runs == ()
    assert not is_name("..") and not is_name("a/b") and is_name("CenA-N300-1a2b")


def test_how_many_at_once_is_kept_and_bounded(queue):
    assert queue.set_at_once(3).at_once == 3 == queue.read().at_once
    for number in (0, 17):
        with pytest.raises(InputError, match="expected 1 to 16"):
            queue.set_at_once(number)


# The card

ODD = {
    "sources.custom": (CustomSource(name='My "first" source\'s', lon=3.0, lat=-20.0, distance=7.5),), "sources.names": ('My "first" source\'s',),
    "events.n_events": (50,), "field.model": "jf12_regular", "seed": 7, "network.dense": (8, 8), "name": "a \\ b", "sky.halves": True,
}


@pytest.mark.parametrize("values", [{"events.n_events": (300,)}, ODD, {"events.n_events": (40,), "training.scenarios": {"no field": "field.model=none"}}])
def test_the_commands_of_a_card_make_the_very_run(values, run_in, tmp_path):
    config = with_values(RunConfig(), values)
    new, train, evaluate = command_lines(config, run_name(config)).replace("\\\n", "").splitlines()[1:]
    program, script, *arguments = shlex.split(new)
    assert (program, script) == ("python", "main.py")
    run_in(tmp_path)(*arguments)
    made = tmp_path / f"{run_name(config)}.toml"
    assert read_run(made) == config and read_run(made).digest == config.digest
    from zevatron.core.cli.parser import build_parser

    options = build_parser().parse_args(shlex.split(train)[2:])
    assert (options.run.name, options.out.name) == (made.name, run_name(config))
    assert build_parser().parse_args(shlex.split(evaluate)[2:]).model == options.out / "best.keras"


@settings(deadline=None)
@given(st.one_of(st.booleans(), st.integers(-10**9, 10**9), st.floats(allow_nan=False, allow_infinity=False), st.text(st.characters(codec="utf-8")),
                 st.lists(st.integers(0, 99)).map(tuple), st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1), st.floats(-9, 9), min_size=1)))
def test_settings_survive_the_way_through_the_command_line(value):
    found = parse_assignment(f"some.key={toml_text(value)}")[1]
    assert (tuple(found) if isinstance(value, tuple) else found) == value


def test_a_card_before_the_first_epoch_says_what_would_train_it(tmp_path):
    folder = RunFolder.create(tmp_path / "run", small_run())
    entries = dict(read_card(folder).entries)
    assert entries["digest"] == folder.config.digest and entries["digest of the density"] == "not computed yet"
    assert "numpy" in entries["versions here"] and entries["best network"] == "none yet"
    assert all(str(value) in read_card(folder).text for value in entries.values())


# The estimate

def test_a_measured_pace_gives_its_own_time_back():
    config = small_run()
    pace = measured_pace(config, [2.0, 2.0, 9.0])
    seconds, found = most_seconds(config, [Pace(("cnn", 2, 3, 6), 1.0), pace])
    assert found is pace and seconds == pytest.approx(2.0 * config.training.epochs)
    assert measured_pace(config, []) is None


def test_without_a_measurement_the_published_network_takes_as_long_as_measured_elsewhere():
    config = with_values(RunConfig(), {"events.n_events": (300,)})
    skies = config.training.epochs * (config.training.maps_per_epoch + SCORING * config.training.validation_maps)
    seconds, found = most_seconds(config)
    assert found is None and seconds == pytest.approx(skies / REFERENCE_RATE)


def test_time_goes_with_pixels_and_epochs():
    config = small_run()
    pace = [measured_pace(config, [1.0])]
    larger = with_values(config, {"sky.nside": 2 * config.sky.nside, "training.epochs": 3 * config.training.epochs})
    np.testing.assert_allclose(most_seconds(larger, pace)[0], 12 * most_seconds(config, pace)[0])


# Where it runs

def test_memory_of_this_process_is_plausible():
    assert 10e6 < resident_memory() < 100e9


def test_a_graphics_card_is_read_from_its_driver(monkeypatch, tmp_path):
    assert card_of("NVIDIA H100, 80GB, HBM3, 3100, 81559") == ("NVIDIA H100, 80GB, HBM3", 3100 * 2**20, 81559 * 2**20)
    driver = tmp_path / "driver"
    driver.write_text("#!/bin/sh\necho 'Some card, 1, 2'\n")
    driver.chmod(0o755)
    monkeypatch.setattr(device, "ASK_CARD", (str(driver),))
    assert device.card() == ("Some card", 2**20, 2 * 2**20)
    driver.write_text("#!/bin/sh\necho 'no devices'\n")
    assert device.card() is None
    monkeypatch.setattr(device, "ASK_CARD", (str(tmp_path / "none"),))
    assert device.card() is None


def test_a_training_on_another_computer_counts_as_alive_while_it_is_heard_of(tmp_path):
    folder = RunFolder.create(tmp_path / "run", small_run())
    here = folder.set_state(folder.state, state="running", host=platform.node())
    assert folder.state.is_interrupted and folder.state.reason == INTERRUPTED
    elsewhere = folder.set_state(here, host="node017")
    assert folder.state == elsewhere and folder.state.is_alive
    late = (datetime.now(UTC) - timedelta(minutes=11)).isoformat(timespec="seconds")
    assert not replace(elsewhere, updated=late).is_elsewhere
    assert replace(elsewhere, state="preparing", updated=late).is_elsewhere  # a lens is traced meanwhile
