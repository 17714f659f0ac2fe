"""Emission models: the formulas' laws, users' files in and out, and what is said when a file is wrong."""

import bz2
import gzip
import lzma
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr

from zevatron.core.config import EmissionConfig, PropagationConfig
from zevatron.core.emission import emission_model
from zevatron.core.emission.auger import ENERGY_SHARES_2023, SCENARIOS_2017
from zevatron.core.emission.injection import Injection
from zevatron.core.emission.interpolation import TabulatedSpectrum
from zevatron.core.emission.registry import EMISSION_MODELS
from zevatron.core.errors import ConfigError, DamagedFileError, InputError
from zevatron.core.propagation import (
    CHARGES,
    ELEMENTS,
    ENERGY_GRID,
    SourceSpectrum,
    number_above,
    propagated_spectra,
    propagated_spectrum,
)
from zevatron.core.propagation.march import emitted_state, states_at
from zevatron.core.propagation.spectrum import flux_on_energies
from zevatron.core.storage.tables import write_table

PUBLISHED_SPECTRA = Path("/work/shared/reference/spectra")  # may not be committed
FORMULAS = [name for name in EMISSION_MODELS if name not in ("table", "published")]


def number_shares(model, lowest):
    energy = np.geomspace(lowest, 1000.0, 4001)
    number = np.trapezoid(model.flux(energy) / energy, np.log(energy), axis=1)
    return {a: number[a - 1] / number.sum() for a in ELEMENTS.values()}


@pytest.mark.parametrize("name", FORMULAS)
def test_every_formula_gives_finite_spectra_of_the_five_elements(name):
    flux = emission_model(EmissionConfig(name)).flux(np.geomspace(0.03, 1e9, 300))
    assert np.all(np.isfinite(flux)) and np.all(flux >= 0) and flux.any()
    assert set(np.flatnonzero(flux.any(axis=1)) + 1) <= set(ELEMENTS.values())


@pytest.mark.parametrize("name", ["kkos", "kkos_common"])
def test_kkos_shares_at_the_source(name):
    """Published number shares at 0.5 Mpc (notes on source models, section 2), fragments given back to their parents."""
    model = emission_model(EmissionConfig(name))
    above_20, above_56 = number_shares(model, 20.0), number_shares(model, 56.0)
    assert above_20[4] == pytest.approx(0.002, abs=0.0015)
    assert [above_20[a] for a in (14, 28, 56)] == pytest.approx([0.61, 0.32, 0.06], abs=0.03)
    assert above_56[1] == 0 and above_56[4] < 1e-4
    assert [above_56[a] for a in (14, 28, 56)] == pytest.approx([0.26, 0.47, 0.26], abs=0.03)


def test_the_two_kkos_fits_agree_where_both_were_made():
    energy = 10.0 ** np.linspace(1.6, 2.15, 30)
    free, common = (emission_model(EmissionConfig(name)).flux(energy) for name in ("kkos", "kkos_common"))
    for a in (14, 28, 56):
        assert np.std(np.log(free[a - 1] / common[a - 1])) < 0.08


def test_power_law_has_its_index_and_cutoff():
    config = EmissionConfig("power_law", 2.3, 4.0, fractions=(0.0, 0.0, 1.0, 0.0, 1.0))
    energy = np.array([1.0, 2.0, 28.0, 200.0])
    flux = emission_model(config).flux(energy)
    for a in (14, 56):
        cutoff = 4.0 * CHARGES[a - 1]
        np.testing.assert_allclose(flux[a - 1], 0.5 * energy**-0.3 * np.exp(-energy / cutoff))
    broken = emission_model(EmissionConfig("power_law", 2.3, 4.0, "broken", (0.0, 0.0, 1.0, 0.0, 1.0))).flux(energy)
    np.testing.assert_allclose(broken[13, :3], 0.5 * energy[:3] ** -0.3)
    assert broken[13, 3] == pytest.approx(0.5 * 200**-0.3 * np.exp(1 - 200 / 28))


@pytest.mark.parametrize("name", SCENARIOS_2017)
def test_auger_fractions_hold_at_1_eev(name):
    index, lg_cutoff, fractions = SCENARIOS_2017[name]
    model = emission_model(EmissionConfig(name))
    flux = model.flux(np.array([1.0, 1.5]))
    np.testing.assert_allclose(flux[np.array(list(ELEMENTS.values())) - 1, 0], np.array(fractions) / sum(fractions))
    assert np.log(flux[13, 1] / flux[13, 0]) / np.log(1.5) == pytest.approx(2 - index)
    cutoff = 7 * 10 ** (lg_cutoff - 18)
    below, above = model.flux(cutoff * np.array([1 - 1e-7, 1 + 1e-7]))[13]
    assert below == pytest.approx(above, rel=1e-5)


def test_auger_2023_emits_the_published_shares_of_energy():
    model = emission_model(EmissionConfig("auger2023"))
    energies = []
    for a in ELEMENTS.values():
        edges = [10**-0.2, CHARGES[a - 1] * 10**0.19, CHARGES[a - 1] * 10**1.5]
        pieces = [quad(lambda e, a=a: model.flux(np.array([e]))[a - 1, 0] / e, *edges[i : i + 2], epsrel=1e-8)[0] for i in (0, 1)]
        energies.append(sum(pieces))
    np.testing.assert_allclose(np.array(energies) / sum(energies), ENERGY_SHARES_2023, atol=1e-4)


# --- a table of the user's own


def write_lines(path, *lines):
    path.write_text("\n".join(lines) + "\n")
    return EmissionConfig("table", file=str(path))


def test_table_gives_back_the_emission_it_was_made_from(tmp_path):
    model = emission_model(EmissionConfig("kkos"))
    energy = 10.0 ** np.arange(0.5, 2.8, 0.05)
    flux = model.flux(energy)
    columns = {"E_eV": energy * 1e18} | {f"A{a}": flux[a - 1] for a in (4, 14, 28, 56)}
    write_table(tmp_path / "mine.csv", columns, ["my emission"])
    read = emission_model(EmissionConfig("table", file=str(tmp_path / "mine.csv")))
    between = 10.0 ** np.arange(1.31, 2.1, 0.013)
    for a in (14, 28, 56):
        np.testing.assert_allclose(read.flux(between)[a - 1], model.flux(between)[a - 1], rtol=0.01)
    assert not read.flux(np.array([3.0, 700.0])).any()


def test_table_may_name_elements_and_hold_zeros(tmp_path):
    config = write_lines(tmp_path / "t.csv", "# mine", "E_eV,He,A56", "1e19,0,2", "1e20,1,2", "1e21,1,0")
    flux = emission_model(config).flux(np.array([5.0, 10.0, 50.0, 100.0, 500.0, 1000.0, 2000.0]))
    np.testing.assert_allclose(flux[3], [0, 0, 0, 1, 1, 1, 0])
    np.testing.assert_allclose(flux[55], [0, 2, 2, 0, 0, 0, 0])


def test_table_is_propagated_and_its_content_decides_the_cache(tmp_path):
    lines = ["E_eV,H"] + [f"{e}e18,1" for e in range(10, 300, 10)]
    first = propagated_spectrum(write_lines(tmp_path / "t.csv", *lines), PropagationConfig(), 1.0, cache=tmp_path)
    lines[1:] = [line.replace(",1", ",2") for line in lines[1:]]
    second = propagated_spectrum(write_lines(tmp_path / "t.csv", *lines), PropagationConfig(), 1.0, cache=tmp_path)
    strong = (first.energy > 12) & (first.energy < 250)
    np.testing.assert_allclose(second.flux[0, strong], 2 * first.flux[0, strong], rtol=1e-6)
    assert np.abs(first.flux[0, strong] - 1).max() < 0.03


def test_light_unstable_nuclei_fall_apart_at_once(tmp_path):
    config = write_lines(tmp_path / "t.csv", "E_eV,A8", *(f"{e}e18,1" for e in range(10, 300, 10)))
    arrived = propagated_spectrum(config, PropagationConfig(), 0.0, cache=tmp_path)
    assert not arrived.flux[7].any()
    assert arrived.flux_at(np.array([50.0]))[3, 0] == pytest.approx(1.0, rel=1e-3)  # 2 He-4 of half the energy each


@pytest.mark.parametrize(("lines", "message"), [
    (["E_eV,A57", "1e19,1", "1e20,1"], "expected columns E_eV, A1 ... A56"),
    (["E_eV,Xe", "1e19,1", "1e20,1"], "received 'Xe'"),
    (["energy,H", "1e19,1", "1e20,1"], "expected columns E_eV"),
    (["E_eV,N,A14", "1e19,1,1", "1e20,1,1"], "A = 14 again"),
    (["E_eV,H", "1e20,1", "1e19,1"], "increasing energies"),
    (["E_eV,H", "-1e19,1", "1e20,1"], "positive, increasing"),
    (["E_eV,H", "1e19,1"], "two or more"),
    (["E_eV,H", "1e19,1", "1e20,-1"], "line 3: expected E.2 dN/dE of at least 0"),
    (["E_eV,H", "1e19,1", "1e20,one"], "line 3: expected a number in column H, received 'one'"),
    (["E_eV,H", "1e19,0", "1e20,0"], "with a value above 0"),
    (["E_eV,H", "1e19,1,3", "1e20,1"], "line 2: expected 2 values, received 3"),
])
def test_table_says_what_is_wrong(tmp_path, lines, message):
    with pytest.raises(InputError, match=message) as caught:
        emission_model(write_lines(tmp_path / "t.csv", *lines))
    assert "\n" not in str(caught.value)


def test_a_missing_table_is_reported(tmp_path):
    with pytest.raises(InputError, match="no file"):
        emission_model(EmissionConfig("table", file=str(tmp_path / "none.csv")))
    with pytest.raises(ConfigError, match=r"emission\.file"):
        EmissionConfig("table")


# --- published propagated spectra


def published_text(scale):
    lg_energy = np.arange(18.0, 22.26, 0.05)
    rows = np.zeros((len(lg_energy), 57))
    rows[:, 0] = 10**lg_energy
    rows[:, 14] = scale * np.exp(-(10**lg_energy) / 2e20)
    rows[:, 28] = scale * 10 ** (0.3 * (lg_energy - 20))
    return "\n".join(" ".join(f"{x:.8e}" for x in row) for row in rows) + "\n"


@pytest.fixture
def folder(tmp_path):
    text = {d: published_text(s).encode() for d, s in ((0.5, 5.0), (3.0, 4.0), (3.5, 3.0), (20.0, 1.0))}
    (tmp_path / "0.5").write_bytes(text[0.5])
    (tmp_path / "3.0.gz").write_bytes(gzip.compress(text[3.0]))
    (tmp_path / "3.5.bz2").write_bytes(bz2.compress(text[3.5]))
    (tmp_path / "20.0.xz").write_bytes(lzma.compress(text[20.0]))
    (tmp_path / "README.txt").write_text("not a spectrum")
    return tmp_path


def published(path, distance):
    return propagated_spectrum(EmissionConfig("published", file=str(path)), PropagationConfig(), distance)


@pytest.mark.parametrize(("distance", "scale"), [(0.5, 5.0), (3.0, 4.0), (3.5, 3.0), (20.0, 1.0), (3.2, 3.6), (3.53, 3.0)])
def test_published_spectra_are_read_in_every_compression_and_interpolated(folder, distance, scale):
    spectrum = published(folder, distance)
    np.testing.assert_array_equal(spectrum.energy, ENERGY_GRID)
    np.testing.assert_allclose(spectrum.flux[13], scale * np.exp(-ENERGY_GRID / 200), rtol=2e-3, atol=1e-6)
    np.testing.assert_allclose(spectrum.flux[27], scale * 10 ** (0.3 * (np.log10(ENERGY_GRID) - 2)), rtol=1e-4)
    assert not spectrum.flux[:13].any()


@pytest.mark.parametrize("distance", [0.1, 2.0, 10.0, 25.0])
def test_published_spectra_are_not_extrapolated(folder, distance):
    with pytest.raises(InputError, match=f"expected a file for {distance:g} Mpc.*there are 0.5, 3, 3.5, 20 Mpc"):
        published(folder, distance)


def test_a_single_published_file_will_do(folder):
    assert published(folder / "3.0.gz", 3.0).flux.any()


@pytest.mark.parametrize(("name", "content", "error", "message"), [
    ("3.5", b"1e18 2 3\n1e19 2 3\n", InputError, "line 1: expected 57 numbers"),
    ("3.5", b"x " * 57 + b"\n", InputError, "line 1: expected numbers"),
    ("3.5", b"1e18 " + b"nan " * 56 + b"\n", InputError, "finite numbers"),
    ("3.5", b"1e18 " + b"-1 " * 56 + b"\n", InputError, "at least 0"),
    ("3.5", b"1e18 " + b"1 " * 56 + b"\n", InputError, "two or more lines"),
    ("3.5", (b"1e18 " + b"1 " * 56 + b"\n") * 2, InputError, "increasing energies"),
    ("3.5", b"", InputError, "two or more lines"),
    ("3.5", b"\x89HDF\r\n\x1a\n\xff\xfe", InputError, "binary data"),
    ("3.5.gz", b"not gzip at all", DamagedFileError, "cannot read"),
    ("3.5.gz", gzip.compress(published_text(1.0).encode())[:-200], DamagedFileError, "cannot read"),
    ("3.5.xz", lzma.compress(published_text(1.0).encode())[:-200], DamagedFileError, "too early"),
    ("3.5.xz", b"no xz", DamagedFileError, "cannot read"),
    ("3.5.bz2", bz2.compress(published_text(1.0).encode())[:-200], DamagedFileError, "cannot read"),
])
def test_published_spectra_say_what_is_wrong(tmp_path, name, content, error, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=message) as caught:
        published(tmp_path, 3.5)
    assert "\n" not in str(caught.value) and name in str(caught.value)


@pytest.mark.parametrize(("suffix", "compress"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)])
def test_decompression_bombs_are_refused(tmp_path, suffix, compress):
    (tmp_path / f"3.5{suffix}").write_bytes(compress(bytes(20 * 2**20)))
    with pytest.raises(DamagedFileError, match="at most 16 MiB"):
        published(tmp_path, 3.5)


def test_folders_without_spectra_and_double_distances_are_refused(tmp_path):
    with pytest.raises(InputError, match="no file or folder"):
        published(tmp_path / "none", 3.5)
    with pytest.raises(InputError, match="named by their distance"):
        published(tmp_path, 3.5)
    for name in ("3.5", "3.50"):
        (tmp_path / name).write_text(published_text(1.0))
    with pytest.raises(InputError, match=r"one file for 3\.5 Mpc"):
        published(tmp_path, 3.5)


@pytest.mark.skipif(not PUBLISHED_SPECTRA.exists(), reason="the published spectra may not be committed")
def test_kkos_agrees_with_the_published_files(tmp_path):
    theirs = propagated_spectra(EmissionConfig("published", file=str(PUBLISHED_SPECTRA)), PropagationConfig(), [0.5, 3.5, 20.0])
    ours = propagated_spectra(EmissionConfig("kkos"), PropagationConfig(), [0.5, 3.5, 20.0], cache=tmp_path)
    for mine, yours, total, flux in zip(ours, theirs, (0.01, 0.01, 0.03), (0.02, 0.02, 0.06), strict=True):
        points = 10.0 ** np.arange(1.3, 2.01, 0.05)
        ratio = mine.flux_at(points).sum(axis=0) / yours.flux_at(points).sum(axis=0)
        assert np.median(np.abs(ratio - 1)) < flux / 2 and np.abs(ratio[points < 45] - 1).max() < flux
        assert number_above(mine).sum() / number_above(yours).sum() == pytest.approx(1.0, abs=total)


@pytest.mark.skipif(not PUBLISHED_SPECTRA.exists(), reason="the published spectra may not be committed")
@pytest.mark.parametrize(("distance", "total", "shares", "variation"), [(3.5, 0.02, 0.01, 0.01), (20.0, 0.05, 0.025, 0.015)])
def test_the_published_spectrum_at_half_a_megaparsec_becomes_the_others(distance, total, shares, variation):
    """Acceptance of the notes on propagation, section 9: start from the file of 0.5 Mpc, march on, compare."""
    folder = emission_model(EmissionConfig("published", file=str(PUBLISHED_SPECTRA)))
    energy = 10.0 ** np.arange(0.0, 4.26, 0.05)
    start = folder.flux(0.5, energy)
    injection = Injection("published", {a: TabulatedSpectrum(energy, start[a - 1]) for a in range(1, 57)})
    state = states_at(emitted_state(injection), "inoue12", [distance - 0.5])[distance - 0.5]
    mine = SourceSpectrum(distance, ENERGY_GRID, flux_on_energies(state))
    lg = np.arange(19.75, 21.0, 0.05)
    points = 10.0 ** (lg - 18)
    ours, theirs = (flux / points for flux in (mine.flux_at(points), folder.flux(distance, points)))
    assert ours.sum() / theirs.sum() == pytest.approx(1.0, abs=total)
    for low, high in ((5, 17), (17, 31), (31, 57)):
        assert ours[low - 1 : high - 1].sum() / ours.sum() == pytest.approx(theirs[low - 1 : high - 1].sum() / theirs.sum(), abs=shares)
    for lowest, highest, flux, mean_log in ((19.3, 19.65, 0.015, 0.02), (19.3, 20.1, 0.2, 0.12)):
        points = 10.0 ** (np.arange(lowest, highest + 0.01, 0.05) - 18)
        ours, theirs = mine.flux_at(points), folder.flux(distance, points)
        np.testing.assert_allclose(ours.sum(axis=0), theirs.sum(axis=0), rtol=flux)
        log_a = np.log(np.arange(1, 57))
        np.testing.assert_allclose(log_a @ ours / ours.sum(axis=0), log_a @ theirs / theirs.sum(axis=0), atol=mean_log)
    binned = [bin_probabilities(points, f.sum(axis=0)) for points, f in (
        (ENERGY_GRID, mine.flux), (energy, folder.flux(distance, energy)))]
    assert np.abs(binned[0] - binned[1]).sum() / 2 < variation


def bin_probabilities(energy, e2j):
    """Probabilities of 15 bins of 0.05 in lg E from 56 EeV, smeared by 20 %."""
    edges, sigma = np.log10(56.0) + 0.05 * np.arange(16), 0.2 / np.log(10)
    number = e2j / energy * np.gradient(np.log10(energy))
    share = np.diff(ndtr((edges[:, None] - np.log10(energy)) / sigma), axis=0) @ number
    return share / share.sum()
