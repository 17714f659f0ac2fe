import numpy as np
import pytest

from zevatron.core.errors import InputError
from zevatron.core.storage.tables import read_table, write_latex, write_table


def test_columns_come_back_exactly_and_further_ones_are_kept(tmp_path, rng):
    path = tmp_path / "t.csv"
    values = rng.normal(size=50) * 10.0 ** rng.integers(-30, 30, 50)
    write_table(path, {"x": values, "note": ["a, b"] * 50, "n": range(50)}, ["first", "second"])
    table = read_table(path)
    assert np.array_equal(table.floats("x"), values)
    assert table.others("x") == {"note": ("a, b",) * 50, "n": tuple(map(str, range(50)))}
    assert table.lines[0] == 4


def test_missing_numbers_are_nan_or_empty(tmp_path):
    path = tmp_path / "t.csv"
    write_table(path, {"x": [np.nan, None, 1]})
    assert path.read_text() == 'x\nnan\n""\n1\n'


def test_numbers_that_are_none_name_their_line(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("# c\nx,y\n1,2\n\n# more\n3,four\n")
    with pytest.raises(InputError, match="line 6: expected a number in column y, received 'four'"):
        read_table(path).floats("y")
    path.write_text("x\nnan\n")
    with pytest.raises(InputError, match="line 2"):
        read_table(path).floats("x")


@pytest.mark.parametrize("content", ["", "x,y\n", "x,x\n1,2\n", "x,y\n1\n", "x,y\n1,2,3\n"])
def test_tables_without_sense_are_refused(tmp_path, content):
    path = tmp_path / "t.csv"
    path.write_text(content)
    with pytest.raises(InputError):
        read_table(path)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "t.csv"
    write_table(path, {"x": [1.0]})
    with pytest.raises(ValueError, match="zip"):
        write_table(path, {"x": [1.0, 2.0], "y": [1.0]})
    assert read_table(path).floats("x").tolist() == [1.0]
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="cannot write"):
        write_table(tmp_path / "no" / "t.csv", {"x": [1.0]})


def test_a_latex_table_holds_every_row_and_no_command(tmp_path):
    path = tmp_path / "t.tex"
    write_latex(path, {"a_b": ["5 % & #1", r"\x{y}"], "x": [1.25e-7, np.nan], "n": [3, None]}, ["first"])
    lines = path.read_text().splitlines()
    assert lines[:4] == ["% first", r"\begin{tabular}{lll}", r"\hline", r"a\_b & x & n \\"]
    assert lines[5:7] == [r"5 \% \& \#1 & $1.25\times10^{-7}$ & 3 \\", r"\textbackslash{}x\{y\} & -- & -- \\"]
    assert lines[-1] == r"\end{tabular}"
