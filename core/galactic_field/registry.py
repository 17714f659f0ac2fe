"""The one list of Galactic field models: a new model is one module and one line here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FieldEntry:
    """Where a model is coded and what it is called; ``factory`` in ``module`` makes it from the ``FieldConfig``."""

    module: str
    factory: str
    label: str
    reference: str


FIELD_MODELS = {
    "none": FieldEntry("uniform", "no_field", "No field", ""),
    "jf12_regular": FieldEntry("jf12", "jf12_regular", "JF12, regular", "Jansson & Farrar, ApJ 757 (2012) 14"),
    "pt11_bss_halo": FieldEntry("pt11", "pt11_bss_halo", "PT11, BSS disk + halo", "Pshirkov et al., ApJ 738 (2011) 192"),
    "pt11_ass_halo": FieldEntry("pt11", "pt11_ass_halo", "PT11, ASS disk + halo", "Pshirkov et al., ApJ 738 (2011) 192"),
}
