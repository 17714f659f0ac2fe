"""What the limit rests on: more and less knowledge of energies, positions and field, beside the limit."""

from ...core.galactic_field.members import twin_field
from ..style.numbers import THIN_SPACE, TIMES, percent, significant
from ..style.parts import Part, ValueRow
from ..style.widgets import button, row, wrapped

ROWS = {  # statistic: name, what it means
    "limit_one_bin": ("One energy bin", "Energies of the events forgotten"),
    "limit_perfect_energies": ("Perfect energies", "True energies of the events known, in bins as narrow as there can be"),
    "limit_base_faces": ("Twelve base faces", "Positions known only to the twelve base faces of HEALPix"),
    "limit_energies_only": ("Energies alone", "Positions of the events forgotten"),
    "likelihood_ratio_fixed_number": ("Known number", "Likelihood ratio for exactly so many source events: nothing beats it on such skies"),
    "limit_regular_field": ("Regular field", "The same field without its random part"),
    "limit_random_field": ("With random part", "The same regular field with its random part"),
}
RANDOM = "limit_random_field"
HINT = "What energies, positions and the field's random part are worth: the limit without them."


class InformationPart(Part):
    """Asks for the limits with more and with less knowledge and shows them beside the limit.

    Parameters
    ----------
    controller : Controller
    """

    def __init__(self, controller, parent=None):
        self._controller = controller
        self.hint = wrapped(HINT, "caption")
        self.rows = {statistic: ValueRow(name) for statistic, (name, _) in ROWS.items()}
        for statistic, (_, meaning) in ROWS.items():
            self.rows[statistic].setToolTip(meaning)
        self.ask = button("Compute", on_click=controller.compute_information)
        self.ask_random = button(
            "Random field", on_click=lambda: controller.compute_information((RANDOM,)),
            tooltip="Its images take minutes to trace the first time; progress and a way to stop stand below",
        )
        super().__init__("What the limit rests on", self.hint, *self.rows.values(), row(self.ask, self.ask_random, None), parent=parent)
        controller.answers_changed.connect(self.show_information)
        controller.density_changed.connect(self.show_information)
        self.show_information()

    def show_information(self):
        """Show what is known for the source and N on screen."""
        controller = self._controller
        arguments = controller.config, controller.source_name, controller.choices.n_events
        known, limit = controller.answers.information(*arguments), controller.answers.limit(*arguments)
        for statistic, line in self.rows.items():
            line.setVisible(statistic in known)
            if statistic in known:
                line.show_value(information_text(known[statistic]))
        self.hint.setVisible(not known)
        self.ask.setVisible(not set(known) - {RANDOM})
        self.ask.setEnabled(limit is not None)
        self.ask_random.setVisible(RANDOM not in known and twin_field(controller.config.field, random=True) is not None)
        self.ask_random.setEnabled(limit is not None)


def information_text(verdict):
    """Return the fraction and how it compares with the limit: ``"1.31 % × 1.02"``."""
    if verdict.eta_min is None:
        return "not even η = 1"
    text = percent(verdict.eta_min, 2)
    ratio = verdict.ratio_to_limit
    return text if ratio is None else f"{text}, {TIMES}{THIN_SPACE}{significant(ratio)}"
