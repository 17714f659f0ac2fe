"""How a field model becomes machine code: one formula for one point, chosen by the type of its constants.

The loops over points and rays are written once. Each model hands them a named tuple of constants of its own class;
the compiler makes one version of every loop for each class, with the model's formula inlined, and numba keeps it on
disk. The constants themselves are arguments, so changing a parameter does not compile anything again.
"""

import hashlib
from pathlib import Path

import numba
from numba.extending import overload

_FORMULAE, _PIECES, _STRENGTHS = {}, {}, {}
JIT_OPTIONS = {"nogil": True, "error_model": "numpy"}
jit = numba.njit(**JIT_OPTIONS)


def formula(constants, piece=None):
    """Decorate ``(constants, piece, x, y, z) -> (Bx, By, Bz)``, kpc to microgauss, as the field of these constants.

    Parameters
    ----------
    constants : type
        Class of named tuple that selects the formula.
    piece : callable, optional
        ``(constants, x, y, z) -> int``: which smooth piece of the field a point lies in. Fields with jumps need it:
        the formula then continues the given piece smoothly beyond its borders, so that a step of the integrator
        sees no jump, and the integrator finds the crossing itself. Without it the whole field is piece 0.
    """

    def register(function):
        _FORMULAE[constants] = jit(function)
        _PIECES[constants] = piece or _one_piece
        return _FORMULAE[constants]

    return register


def strength(profile):
    """Decorate ``(profile, x, y, z) -> rms``, kpc to microgauss, as the rms of a random field with this profile."""

    def register(function):
        _STRENGTHS[profile] = jit(function)
        return _STRENGTHS[profile]

    return register


@jit
def _one_piece(constants, x, y, z):
    return 0


def piece_at(constants, x, y, z):
    """Label of the smooth piece of the field in which the point, in kpc, lies."""
    return _PIECES[type(constants)](constants, x, y, z)


def field_in(constants, piece, x, y, z):
    """Field (Bx, By, Bz) in microgauss at a point in kpc, as if the point lay in ``piece``."""
    return _FORMULAE[type(constants)](constants, piece, x, y, z)


@overload(piece_at, jit_options=JIT_OPTIONS)
def _compiled_piece_at(constants, x, y, z):
    compiled = _PIECES[constants.instance_class]
    return lambda constants, x, y, z: compiled(constants, x, y, z)


@overload(field_in, jit_options=JIT_OPTIONS)
def _compiled_field_in(constants, piece, x, y, z):
    compiled = _FORMULAE[constants.instance_class]
    return lambda constants, piece, x, y, z: compiled(constants, piece, x, y, z)


def strength_at(profile, x, y, z):
    """Rms of the random field in microgauss at a point in kpc."""
    return _STRENGTHS[type(profile)](profile, x, y, z)


@overload(strength_at, jit_options=JIT_OPTIONS)
def _compiled_strength_at(profile, x, y, z):
    compiled = _STRENGTHS[profile.instance_class]
    return lambda profile, x, y, z: compiled(profile, x, y, z)


def source_digest():
    """Digest of every source file of this package."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def compile_loop(loop):
    """Decorate a loop over rays or points: compiled, releasing the GIL, its machine code kept on disk.

    numba keeps machine code under the loop's name and notices changes only of the file the loop stands in. With the
    digest of all sources in the name, a formula changed elsewhere is compiled anew.
    """
    loop.__qualname__ += f"_{source_digest()}"
    try:
        return numba.njit(cache=True, **JIT_OPTIONS)(loop)
    except RuntimeError:  # no folder that can be written for numba's cache: compile in every process
        return numba.njit(**JIT_OPTIONS)(loop)
