import numpy as np
import pytest

from zevatron.core.config import CustomSource, SourcesConfig
from zevatron.core.errors import ConfigError, InputError, UnknownNameError
from zevatron.core.sky import angular_distance, unit_vectors
from zevatron.core.sources import catalogue, find_source, known_sources, read_custom_sources, selected_sources

# ICRS positions (degrees) from the literature; the catalogue's Galactic ones must be the same directions.
EQUATORIAL = {
    "Cen A": (201.3651, -43.0191), "M82": (148.9685, 69.6797), "NGC 253": (11.8881, -25.2888),
    "M87": (187.7059, 12.3911), "Fornax A": (50.6738, -37.2082), "NGC 1068": (40.6696, -0.0133),
    "Circinus": (213.2915, -65.3392), "NGC 4945": (196.3645, -49.4682), "M83": (204.2538, -29.8654),
    "IC 342": (56.7021, 68.0961), "NGC 6946": (308.7181, 60.1537), "Maffei 1": (39.1477, 59.6548),
    "NGC 4631": (190.5334, 32.5415), "Centaurus cluster": (192.2039, -41.3111), "Perseus A": (49.9507, 41.5117),
    "Cygnus A": (299.8682, 40.7339), "IC 4296": (204.1627, -33.9659), "Pictor A": (79.9572, -45.7788),
}


def test_catalogue_starts_with_the_published_five():
    assert [s.name for s in catalogue() if s.published] == ["Cen A", "M82", "NGC 253", "M87", "Fornax A"]
    assert all(s.published for s in catalogue()[:5])
    assert [s.distance for s in catalogue()[:5]] == [3.5, 3.5, 3.5, 18.5, 20.0]


def test_every_source_has_a_reference_and_the_direction_of_its_equatorial_position():
    assert {s.name for s in catalogue()} == set(EQUATORIAL)
    for source in catalogue():
        assert source.reference
        ra, dec = EQUATORIAL[source.name]
        own = known_sources(SourcesConfig(custom=(CustomSource("own", "equatorial", ra, dec, 1.0),)))[-1]
        assert angular_distance(source.direction, own.direction) < 0.001
        assert np.allclose(unit_vectors(source.glon, source.glat), source.direction)


@pytest.mark.parametrize("name", ["Cen A", "CenA", "cena", "Centaurus A", "CENTAURUS A", "ngc 5128", "NGC5128"])
def test_sources_answer_to_all_their_names(name):
    assert find_source(name).name == "Cen A"


def test_unknown_source_lists_the_known_ones():
    with pytest.raises(UnknownNameError, match="Fornax A"):
        find_source("Andromeda")


def test_own_sources_are_found_and_may_not_take_a_known_name():
    config = SourcesConfig(names=("mine", "m82"), custom=(CustomSource("Mine", "galactic", 10.0, 20.0, 4.0),))
    assert [s.name for s in selected_sources(config)] == ["Mine", "M82"]
    with pytest.raises(ConfigError, match="no other source"):
        known_sources(SourcesConfig(custom=(CustomSource("m 82", "galactic", 1.0, 2.0, 3.0),)))


def test_one_source_under_two_names_is_refused():
    with pytest.raises(ConfigError, match="once"):
        selected_sources(SourcesConfig(names=("Cen A", "NGC 5128")))


def test_own_sources_are_read_from_csv_in_both_frames(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("# my list\nname,ra_deg,dec_deg,distance_Mpc,note\nA,201.3651,-43.0191,3.5,x\n")
    (own,) = read_custom_sources(path)
    source = known_sources(SourcesConfig(custom=(own,)))[-1]
    assert angular_distance(source.direction, find_source("Cen A").direction) < 0.001
    path.write_text("name,l_deg,b_deg,distance_Mpc\nA,10,20,5\nB,30,-40,6\n")
    assert [s.name for s in read_custom_sources(path)] == ["A", "B"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name,l_deg,b_deg\nA,1,2\n", "missing: distance_Mpc"),
        ("name,l_deg,b_deg,distance_Mpc\nA,1,north,3\n", "line 2: expected a number in column b_deg"),
        ("name,l_deg,b_deg,distance_Mpc\nA,1,95,3\n", "line 2"),
        ("name,l_deg,b_deg,distance_Mpc\nA,1,2,5\nCrab,184.6,-5.8,0.002\n", r"line 3: sources\.custom\.distance: .* outside the Galaxy"),
        ("name,l_deg,b_deg,distance_Mpc\nA,1,2,nan\n", "line 2: expected a number in column distance_Mpc, received 'nan'"),
        ("# nothing\n", "header line"),
        ("name,l_deg,b_deg,distance_Mpc\nA,1,2\n", "expected 4 values"),
    ],
)
def test_bad_source_files_name_the_line(tmp_path, content, message):
    path = tmp_path / "own.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        read_custom_sources(path)


@pytest.mark.parametrize(("distance", "message"), [
    (0.0, "outside the Galaxy, at least 0.05 Mpc away, received 0 Mpc"),
    (0.0499, "outside the Galaxy"),
    (-1.0, "from 0.05 to 250"),
    (float("nan"), "from 0.05 to 250, received nan"),
])
def test_source_inside_the_galaxy_is_refused(distance, message):
    with pytest.raises(ConfigError, match=rf"sources\.custom\.distance: .*{message}"):
        CustomSource("near", "galactic", 10.0, 20.0, distance)
    assert CustomSource("near", "galactic", 10.0, 20.0, 0.05).distance == 0.05
