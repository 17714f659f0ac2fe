"""How a field model becomes machine code: one formula for one point, chosen by the type of its constants.

The loops over points and rays are written once. Each model hands them a named tuple of constants of its own class;
the compiler makes one version of every loop for each class, with the model's formula inlined, and numba keeps it on
disk. The constants themselves are arguments, so changing a parameter does not compile anything again.
"""

import hashlib
from pathlib import Path

import numba
from numba.extending import overload

_FORMULAE = {}


def formula(constants):
    """Decorate ``(constants, x, y, z) -> (Bx, By, Bz)``, kpc to microgauss, as the field of that class of constants."""

    def register(function):
        _FORMULAE[constants] = numba.njit(nogil=True, error_model="numpy")(function)
        return _FORMULAE[constants]

    return register


def field_at(constants, x, y, z):
    """Field (Bx, By, Bz) in microgauss at one point in kpc, by the formula registered for the class of ``constants``."""
    return _FORMULAE[type(constants)](constants, x, y, z)


@overload(field_at, jit_options={"nogil": True, "error_model": "numpy"})
def _compiled_field_at(constants, x, y, z):
    compiled = _FORMULAE[constants.instance_class]
    return lambda constants, x, y, z: compiled(constants, x, y, z)


def source_digest():
    """Digest of every source file of this package."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def compile_loop(make):
    """Compile ``make(digest)``, a loop over rays or points, releasing the GIL and keeping the machine code on disk.

    numba notices only changes of the file the loop stands in. The digest of all sources of this package is therefore
    a closure variable of the loop and thereby part of numba's key: a formula changed elsewhere is compiled anew.
    """
    options = {"nogil": True, "error_model": "numpy"}
    loop = make(source_digest())
    try:
        return numba.njit(cache=True, **options)(loop)
    except RuntimeError:  # no folder that can be written for numba's cache: compile in every process
        return numba.njit(**options)(loop)
