from zevatron.core.published import published_eta, published_table
from zevatron.core.sources import catalogue


def test_published_fractions_are_fractions_of_catalogue_sources():
    names = {source.name for source in catalogue()}
    for (source, _), etas in published_table().items():
        assert source in names
        assert all(0 < eta < 1 for eta in etas.values())


def test_key_and_name_find_the_same_row():
    assert published_eta("FornaxA", 300) == published_eta("Fornax A", 300)
    assert published_eta("Cen A", 301) == {}


def test_networks_beat_the_power_spectrum_as_published():
    for (_, _), etas in published_table().items():
        if "bcnn" in etas:
            assert etas["bcnn"] < etas["power_spectrum"]
