"""The mixture of sources in a real window: what is shown when, and what a click sets."""

import pytest
from hands import click

from zevatron.core.config import RunConfig, with_values
from zevatron.gui.panels.sources import SourcesPanel
from zevatron.gui.state.draft import Draft


@pytest.fixture
def panel(qtbot):
    made = SourcesPanel(Draft(with_values(RunConfig(), {"sources.names": ("Cen A", "M82")})))
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    return made


def test_unknown_shares_are_offered_for_a_mixture_and_take_the_place_of_given_ones(qtbot, panel):
    draft = panel._draft
    assert panel.mixture.isVisible() and not panel.free.isVisible() and not panel.shares.isVisible()
    click(qtbot, panel.mixture.box)
    assert panel.free.isVisible() and panel.shares.isVisible()
    click(qtbot, panel.free.box)
    assert draft.config.sources.has_free_shares and not panel.shares.isVisible()
    click(qtbot, panel.mixture.box)
    assert not draft.config.sources.has_free_shares and not panel.free.isVisible()
