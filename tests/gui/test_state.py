"""The state of the window, tested without a window."""

import copy
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import synthetic_density

from zevatron.core.config import RunConfig, with_values
from zevatron.core.errors import CancelledError, DamagedFileError
from zevatron.core.progress import Progress
from zevatron.core.sources import find_source
from zevatron.core.storage.kept import n_bytes
from zevatron.core.study import verdict_from_entry
from zevatron.gui.state.answers import (
    Answers,
    alone,
    density_key,
    read_verdicts,
    run_for,
    verdict_key,
    wanted_numbers,
)
from zevatron.gui.state.draft import HISTORY_LENGTH, Draft
from zevatron.gui.state.history import History
from zevatron.gui.state.skies import SkyTester, mock_sky
from zevatron.gui.state.view import Choices


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def draft(clock):
    return Draft(RunConfig(), clock)


@pytest.fixture
def heard(draft):
    names = []
    draft.subscribe(names.append)
    return names


def test_valid_value_reaches_the_run(draft, heard):
    assert draft.set("energy.resolution", 0.3)
    assert draft.config.energy.resolution == draft.value("energy.resolution") == 0.3
    assert heard == [frozenset({"energy.resolution"})]
    assert draft.is_edited


def test_invalid_value_waits_beside_the_valid_run(draft):
    assert not draft.set("energy.resolution", 0.9)
    assert draft.value("energy.resolution") == 0.9
    assert draft.config == RunConfig()
    assert draft.errors == {"energy.resolution": "expected a number from 0 to 0.5, received 0.9"}


def test_putting_it_right_clears_the_error(draft, heard):
    draft.set("test.alpha", 2.0)
    assert draft.set("test.alpha", 0.02)
    assert draft.errors == {}
    assert all("test.alpha" in names for names in heard)


def test_two_errors_are_kept_apart(draft):
    draft.set("energy.resolution", 0.9)
    draft.set("test.beta", 7.0)
    assert set(draft.errors) == {"energy.resolution", "test.beta"}
    draft.set("energy.resolution", 0.1)
    assert set(draft.errors) == {"test.beta"}


def test_settings_that_only_fit_together_are_accepted_together(draft):
    draft.set("energy.n_bins", 20)
    assert not draft.set("energy.bin_width", 0.1)  # 20 bins of 0.1 from 56 EeV end at 5600 EeV
    assert draft.set("energy.n_bins", 8)
    assert draft.errors == {}
    assert draft.config.energy.bin_width == 0.1


def test_part_of_several_values_is_taken(draft):
    assert not draft.set_many({"energy.resolution": 0.1, "test.beta": 7.0})
    assert draft.config.energy.resolution == 0.1
    assert set(draft.errors) == {"test.beta"}


def test_undo_and_redo_are_inverse(draft, clock):
    for i, resolution in enumerate((0.1, 0.3)):
        clock.now = 10.0 * i
        draft.set("energy.resolution", resolution)
    draft.undo()
    assert draft.config.energy.resolution == 0.1
    draft.undo()
    assert draft.config == RunConfig()
    assert not draft.can_undo
    draft.redo()
    draft.redo()
    assert draft.config.energy.resolution == 0.3
    assert not draft.can_redo


def test_one_drag_is_one_step(draft, clock):
    for step in range(20):
        clock.now += 0.05
        draft.set("energy.resolution", 0.01 * step)
    draft.undo()
    assert draft.config == RunConfig()


def test_what_waits_to_be_put_right_is_undone_first(draft, clock):
    draft.set("energy.resolution", 0.1)
    draft.set("test.beta", 7.0)
    draft.undo()
    assert draft.errors == {} and draft.config.energy.resolution == 0.1
    draft.undo()
    assert draft.config == RunConfig() and not draft.can_undo


def test_replacing_the_whole_run_is_one_step(draft):
    other = with_values(RunConfig(), {"energy.resolution": 0.1, "field.model": "none"})
    draft.set("seed", 5)
    draft.replace(other)
    assert draft.config == other and draft.is_edited
    draft.undo()
    assert draft.config == with_values(RunConfig(), {"seed": 5})


def test_defaults_are_known_and_a_way_back(clock):
    draft = Draft(RunConfig(), clock, defaults=RunConfig())
    draft.set_many({"seed": 5, "energy.resolution": 0.9})
    assert draft.is_changed("seed") and draft.is_changed("energy.resolution") and not draft.is_changed("test.alpha")
    draft.reset(["seed", "energy.resolution"])
    assert draft.config == RunConfig() and draft.errors == {}
    draft.undo()
    assert draft.config.seed == 5


@pytest.mark.parametrize("path, value", [("energy.resolution", 0.9), ("energy.resolution", 0.3), ("test.maps", 100), ("nothing", 1)])
def test_complaint_is_what_setting_it_would_say(draft, path, value):
    before = draft.config
    message = draft.complaint(path, value)
    assert draft.config == before and draft.errors == {} and not draft.can_undo
    draft.set(path, value)
    assert draft.errors.get(path) == message


def test_undo_goes_back_through_two_drafts_in_order(draft, clock):
    view = Draft(Choices(), clock, passing={"source"})
    history = History(draft, view)
    for now, (edited, path, value) in enumerate([(draft, "seed", 2), (view, "eta", 0.2), (view, "source", "M82"), (draft, "seed", 3)]):
        clock.now = 10.0 * now
        edited.set(path, value)
    assert history.undo_text == "Seed"
    history.undo()
    assert (draft.config.seed, view.config.eta) == (2, 0.2) and history.undo_text == "From the source η"
    history.undo()
    assert (draft.config.seed, view.config.eta, view.config.source) == (2, 0.05, "M82") and history.redo_text == "From the source η"
    history.redo()
    history.redo()
    assert (draft.config.seed, view.config.eta) == (3, 0.2) and history.redo_text is None
    history.undo()
    history.undo()
    clock.now = 100.0
    draft.set_many({"test.beta": 0.1, "test.alpha": 0.02})
    assert history.redo_text is None and history.undo_text == "2 settings"  # a new edit ends what was undone


def test_history_is_bounded(draft, clock):
    for step in range(HISTORY_LENGTH + 50):
        clock.now += 5.0
        draft.set("seed", step + 2)
    steps = 0
    while draft.can_undo:
        draft.undo()
        steps += 1
    assert steps == HISTORY_LENGTH


def test_saving_and_loading_end_the_edits(draft, tmp_path):
    draft.set("seed", 7)
    draft.mark_saved(tmp_path / "run.toml")
    assert not draft.is_edited
    draft.set("seed", 8)
    draft.load(RunConfig())
    assert not draft.is_edited and not draft.can_undo and draft.path is None


def test_listener_can_leave_while_it_is_called(draft):
    heard = []
    leave = draft.subscribe(lambda names: (heard.append(1), leave()))
    draft.set("seed", 2)
    draft.set("seed", 3)
    assert heard == [1]


@given(st.lists(st.tuples(st.sampled_from(["energy.resolution", "test.alpha", "energy.n_bins", "seed"]),
                          st.one_of(st.floats(-1, 2), st.integers(-5, 100), st.text(max_size=3))), max_size=12))
def test_run_is_valid_whatever_is_typed(edits):
    draft = Draft(RunConfig())
    for path, value in edits:
        accepted = draft.set(path, value)
        assert accepted == (path not in draft.errors)
        assert draft.value(path) == value
    assert with_values(draft.config, {}) == draft.config


def test_choices_are_checked_like_settings():
    view = Draft(Choices())
    assert not view.set("eta", 1.5)
    assert not view.set("n_events", -3)
    assert view.errors["n_events"] == "expected an integer from 1 to 100000, received -3"
    assert view.config == Choices()


def test_density_key_changes_with_physics_only():
    config = RunConfig()
    key = density_key(config)
    for path, value in (("name", "x"), ("test.alpha", 0.1), ("events.n_events", (10,)), ("network.filters", 3), ("seed", 9)):
        assert density_key(with_values(config, {path: value})) == key
    for path, value in (("field.model", "none"), ("energy.resolution", 0.1), ("sources.names", ("M82",)), ("sky.nside", 8)):
        assert density_key(with_values(config, {path: value})) != key


def test_other_sources_of_a_run_do_not_change_a_verdict():
    both = with_values(RunConfig(), {"sources.names": ("M82", "Cen A")})
    assert verdict_key(both, "Cen A", 300) == verdict_key(RunConfig(), "Cen A", 300)
    assert verdict_key(both, "M82", 300) != verdict_key(both, "Cen A", 300)


def test_run_for_one_network_is_what_training_asks_for():
    from zevatron.core.training.run_folder import require_one_training

    both = with_values(RunConfig(), {"sources.names": ("M82", "Cen A")})
    run = run_for(both, "M82", 100)
    require_one_training(run)
    assert run.sources.names == ("M82",) and run.events.n_events == (100,)
    assert alone(run, "M82") == run


def test_number_on_screen_comes_first():
    assert wanted_numbers(RunConfig(), 200) == (200, 50, 100, 300, 400, 500)
    assert wanted_numbers(RunConfig(), 77)[0] == 77


@pytest.fixture(scope="module")
def judged():
    from zevatron.core.statistics import likelihood_verdict

    config = with_values(RunConfig(), {"sky.nside": 4, "test.maps": 200, "test.bootstrap": 10})
    density = synthetic_density(config, find_source("Cen A"))
    return config, density, likelihood_verdict(config, density, 50)


def test_verdict_survives_a_result_file(judged, tmp_path):
    from zevatron.core.study import result_document, write_result

    config, _, verdict = judged
    write_result(tmp_path / "result.json", result_document(config, [verdict]))
    (found,) = read_verdicts(tmp_path / "result.json")
    assert found.as_dict() == verdict.as_dict()


def test_entry_without_a_value_is_damaged(judged):
    entry = judged[2].as_dict()
    del entry["auc"]
    with pytest.raises(DamagedFileError, match="auc"):
        verdict_from_entry(entry)


def test_answers_belong_to_their_run(judged):
    config, _, verdict = judged
    answers = Answers()
    answers.add_limit(config, verdict)
    assert answers.limit(config, "Cen A", 50) is verdict
    assert answers.limit(with_values(config, {"field.model": "none"}), "Cen A", 50) is None
    assert answers.limits(config, "Cen A", (50, 100)) == (verdict,)
    assert answers.network(config, "Cen A", 50) is None


def test_no_limit_of_a_run_is_forgotten_before_it_is_complete(judged, monkeypatch):
    config, _, verdict = judged
    monkeypatch.setattr("zevatron.gui.state.answers.KEPT", n_bytes(verdict))
    answers, numbers = Answers(), range(50, 60)
    answers.keep_at_least(len(numbers))
    for n_events in numbers:
        answers.add_limit(config, replace(copy.deepcopy(verdict), n_events=n_events))
    assert len(answers.limits(config, "Cen A", numbers)) == len(numbers)
    answers.keep_at_least(0)
    answers.add_limit(config, replace(copy.deepcopy(verdict), n_events=60))
    assert not answers.limits(config, "Cen A", numbers)


def test_mock_sky_is_that_of_the_command_line(judged):
    from zevatron.core.mock_events import simulate_skies

    config, density, _ = judged
    sky = mock_sky(config, density, 50, 0.2, config.seed)
    same = simulate_skies(config, density, 50, 1, 0.2)
    np.testing.assert_array_equal(sky.events.ipix, same.ipix)
    np.testing.assert_array_equal(sky.events.bin, same.bin)
    assert sky.n_source == 10 and sky.directions.shape == (50, 3) and sky.energy.shape == (50,)


def test_p_values_of_isotropic_skies_are_uniform(judged):
    from dataclasses import replace

    config, density, _ = judged
    tester = SkyTester()
    p_values = []
    for seed in range(300):
        sky = replace(mock_sky(config, density, 50, 0.0, 1000 + seed), eta=0.2)
        p_values.append(tester(sky, config.seed).p_value)
    # Kolmogorov-Smirnov, 0.1 % level, for 300 values
    ordered = np.sort(p_values)
    assert np.max(np.abs(ordered - np.arange(1, 301) / 300)) < 1.95 / np.sqrt(300)


def test_sky_full_of_source_events_is_recognised(judged):
    config, density, _ = judged
    test = SkyTester()(mock_sky(config, density, 50, 0.8, 3), config.seed)
    assert test.score > 10 and test.p_value <= 1 / test.n_null


def test_isotropic_sky_is_not_tested(judged):
    config, density, _ = judged
    assert SkyTester()(mock_sky(config, density, 50, 0.0, 3), config.seed) is None


def test_test_of_a_sky_can_be_cancelled(judged):
    config, density, _ = judged
    progress = Progress()
    progress.cancel()
    with pytest.raises(CancelledError):
        SkyTester()(mock_sky(config, density, 50, 0.5, 3), config.seed, progress)


def test_state_knows_no_qt():
    import subprocess
    import sys
    from pathlib import Path

    import main

    code = (
        "import main, sys\n"
        "from zevatron.gui.state import answers, draft, skies, view\n"
        "assert not [m for m in sys.modules if m.startswith(('PySide6', 'keras', 'tensorflow'))]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(main.__file__).parent)
