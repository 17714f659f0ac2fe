"""The compiled track of one particle through a regular and a random field: short steps, each turning by what it meets.

A random field is rough on the scale of its points, so that an integrator of high order gains nothing. Each step moves
half its length, turns the direction about the field found there (Boris 1970: the length of the direction stays 1 to
rounding whatever the step) and moves the other half. Steps are 25 pc where the turbulence matters, and 100 pc, the
size of the cubes of the striated field, where it does not.
"""

import math

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic

from .compiled import compile_loop, field_in, jit, piece_at, strength_at

RANDOM_VERSION = 1  # raised by hand whenever tracks through random fields come out differently, for digests
STRETCH = 0.05  # kpc, in two steps or more
LONG_STRETCH = 0.2  # kpc, where the turbulence is below ...
NEGLIGIBLE = 0.01  # microgauss: over 20 kpc it turns a particle of 1 EV by 0.4 degrees
LARGEST_TURN = 0.2  # radians in one step, for turbulence of ...
PEAK = 2.0  # times its rms
BORDER_ACCURACY = 1e-3  # of a stretch
SHORTEST = 1e-9  # kpc: what is left of a path by rounding is no step


@intrinsic
def _prefetch(typing_context, array, index):
    """Ask the processor to fetch ``array.flat[index]``: a point of a box of 134 MB is 100 ns away, half a step's work."""

    def generate(context, builder, signature, arguments):
        kind = signature.args[0]
        data = context.make_array(kind)(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), ir.IntType(8).as_pointer())
        flags = [ir.Constant(ir.IntType(32), flag) for flag in (0, 3, 1)]  # to read, to keep, data
        kind = ir.FunctionType(ir.VoidType(), [address.type, *(flag.type for flag in flags)])
        builder.call(builder.module.declare_intrinsic("llvm.prefetch", [address.type], kind), [address, *flags])
        return context.get_dummy_value()

    return types.none(array, types.intp), generate


@intrinsic
def _interpolated(typing_context, array, columns, weights, k, kk, low, high):
    """Sum ``w * (low * array[c + k] + high * array[c + kk])`` over four columns of points, all components at once.

    The four numbers of a point lie in one word of 64 bits; the compiler does not see by itself that they can be turned into
    floating point and added up together.
    """
    if array.dtype != types.int16:
        raise TypingError(f"expected a box of 16-bit integers, received {array.dtype}")

    def generate(context, builder, signature, arguments):
        kind = signature.args[0]
        data = context.make_array(kind)(context, builder, arguments[0]).data
        four = ir.VectorType(ir.DoubleType(), 4)

        def point(index):
            address = builder.gep(data, [builder.shl(index, index.type(2))])
            words = builder.load(builder.bitcast(address, ir.VectorType(ir.IntType(16), 4).as_pointer()), align=8)
            return builder.sitofp(words, four)

        def everywhere(number):
            one = builder.insert_element(ir.Constant(four, ir.Undefined), number, ir.IntType(32)(0))
            return builder.shuffle_vector(one, ir.Constant(four, ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), 4), [0] * 4))

        total = ir.Constant(four, [0.0] * 4)
        for corner in range(4):
            column, weight = (builder.extract_value(one, corner) for one in arguments[1:3])
            between = builder.fadd(
                builder.fmul(everywhere(builder.fmul(weight, arguments[5])), point(builder.add(column, arguments[3]))),
                builder.fmul(everywhere(builder.fmul(weight, arguments[6])), point(builder.add(column, arguments[4]))),
            )
            total = builder.fadd(total, between)
        parts = [builder.extract_element(total, ir.IntType(32)(axis)) for axis in range(3)]
        return context.make_tuple(builder, signature.return_type, parts)

    return types.UniTuple(types.float64, 3)(array, columns, weights, k, kk, low, high), generate


@jit
def _expect(draw, x, y, z):
    """Fetch the points about a place where the field will be asked for."""
    n = len(draw.turbulence)
    mask = n - 1
    i = math.floor(x * draw.points_per_kpc) & mask
    j = math.floor(y * draw.points_per_kpc) & mask
    k = math.floor(z * draw.points_per_kpc) & mask
    ii, jj, kk = (i + 1) & mask, (j + 1) & mask, (k + 1) & mask
    for column in ((i * n + j) * n, (i * n + jj) * n, (ii * n + j) * n, (ii * n + jj) * n):
        _prefetch(draw.turbulence, (column + k) * 4)
        _prefetch(draw.turbulence, (column + kk) * 4)


@jit
def _turbulence(draw, x, y, z):
    """Turbulence of unit rms at a point, by trilinear interpolation in the periodic box."""
    n = len(draw.turbulence)
    mask = n - 1
    x, y, z = x * draw.points_per_kpc, y * draw.points_per_kpc, z * draw.points_per_kpc
    fx, fy, fz = math.floor(x), math.floor(y), math.floor(z)
    x, y, z = x - fx, y - fy, z - fz
    i, j, k = int(fx) & mask, int(fy) & mask, int(fz) & mask
    ii, jj, kk = (i + 1) & mask, (j + 1) & mask, (k + 1) & mask
    columns = (ii * n + jj) * n, (i * n + jj) * n, (ii * n + j) * n, (i * n + j) * n
    weights = x * y * draw.unit, (1.0 - x) * y * draw.unit, x * (1.0 - y) * draw.unit, (1.0 - x) * (1.0 - y) * draw.unit
    return _interpolated(draw.turbulence, columns, weights, k, kk, 1.0 - z, z)


@jit
def _wrapped(index, n):
    """``index % n`` without a division, which takes longer than all else about a sign."""
    return int(index - n * math.floor((index + 0.5) * (1.0 / n)))


@jit
def _sign(draw, x, y, z):
    """Sign of the striated field at a point."""
    n = len(draw.signs)
    i, j, k = math.floor(x * draw.cubes_per_kpc), math.floor(y * draw.cubes_per_kpc), math.floor(z * draw.cubes_per_kpc)
    return draw.signs[_wrapped(i, n), _wrapped(j, n), _wrapped(k, n)]


@jit
def _wall(start, move, cubes_per_kpc):
    """Share of a move along one axis after which it crosses a wall between two cubes, 1 if it crosses none."""
    here, there = math.floor(start * cubes_per_kpc), math.floor((start + move) * cubes_per_kpc)
    if here == there:
        return 1.0
    return (max(here, there) / cubes_per_kpc - start) / move


@jit
def _stretch(draw, x, y, z, dx, dy, dz):
    """Factor of the regular field along a straight step shorter than a cube: 1 plus the mean of the striated field.

    With the exact mean, not the sign at one point, the exit of a ray is a continuous function of its arrival.
    """
    tx, ty, tz = (
        _wall(x, dx, draw.cubes_per_kpc), _wall(y, dy, draw.cubes_per_kpc), _wall(z, dz, draw.cubes_per_kpc)
    )
    first, last = min(tx, ty, tz), max(tx, ty, tz)
    middle = tx + ty + tz - first - last
    total, share = 0.0, 0.0
    for end in (first, middle, last, 1.0):
        if end > share:
            centre = 0.5 * (share + end)
            total += (end - share) * _sign(draw, x + centre * dx, y + centre * dy, z + centre * dz)
            share = end
    return 1.0 + draw.striation * total


@jit
def _share_before_border(constants, piece, x, y, z, dx, dy, dz):
    """Share of a straight move that lies in ``piece``, in which it begins and does not end."""
    low, high = 0.0, 1.0
    while high - low > BORDER_ACCURACY:
        middle = 0.5 * (low + high)
        if piece_at(constants, x + middle * dx, y + middle * dy, z + middle * dz) == piece:
            low = middle
        else:
            high = middle
    return low


@jit
def _smooth_parts(constants, profile, piece, x, y, z):
    """Regular field as if the point lay in ``piece``, and rms of the turbulence."""
    bx, by, bz = field_in(constants, piece, x, y, z)
    return bx, by, bz, strength_at(profile, x, y, z)


@jit
def _mean_parts(constants, profile, here, there, x, y, z, dx, dy, dz):
    """Mean of the smooth parts over a straight move from piece ``here`` to piece ``there``."""
    if here == there:
        return _smooth_parts(constants, profile, here, x + 0.5 * dx, y + 0.5 * dy, z + 0.5 * dz)
    share = _share_before_border(constants, here, x, y, z, dx, dy, dz)
    rest, before, after = 1.0 - share, 0.5 * share, 0.5 * (1.0 + share)
    ax, ay, az, first = _smooth_parts(constants, profile, here, x + before * dx, y + before * dy, z + before * dz)
    bx, by, bz, second = _smooth_parts(constants, profile, there, x + after * dx, y + after * dy, z + after * dz)
    return share * ax + rest * bx, share * ay + rest * by, share * az + rest * bz, share * first + rest * second


@jit
def _trace(constants, draw, curvature, start, heading, radius, max_path):
    """Follow one particle; arguments as :func:`.integrator.trace`."""
    x, y, z = start[0], start[1], start[2]
    u, v, w = heading[0], heading[1], heading[2]
    path, outside = 0.0, False
    here, rms = piece_at(constants, x, y, z), strength_at(draw.profile, x, y, z)
    while max_path - path > SHORTEST and not outside:
        # what is smooth is taken once for a stretch of some steps
        is_rough = rms > NEGLIGIBLE
        length = min(STRETCH if is_rough else LONG_STRETCH, max_path - path)
        dx, dy, dz = length * u, length * v, length * w
        there = piece_at(constants, x + dx, y + dy, z + dz)
        sx, sy, sz, rms = _mean_parts(constants, draw.profile, here, there, x, y, z, dx, dy, dz)
        turn = abs(curvature) * length * ((1.0 + draw.striation) * math.sqrt(sx * sx + sy * sy + sz * sz) + PEAK * rms)
        steps = 2
        while turn > LARGEST_TURN * steps:
            steps *= 2
        half = 0.5 * length / steps
        for _step in range(steps):
            dx, dy, dz = half * u, half * v, half * w
            stretch = _stretch(draw, x, y, z, 2.0 * dx, 2.0 * dy, 2.0 * dz)
            x, y, z = x + dx, y + dy, z + dz
            bx, by, bz = sx * stretch, sy * stretch, sz * stretch
            if is_rough:
                _expect(draw, x + 2.0 * dx, y + 2.0 * dy, z + 2.0 * dz)
                tx, ty, tz = _turbulence(draw, x, y, z)
                bx, by, bz = bx + rms * tx, by + rms * ty, bz + rms * tz
            turn = curvature * half
            tx, ty, tz = turn * bx, turn * by, turn * bz
            scale = 2.0 / (1.0 + tx * tx + ty * ty + tz * tz)
            pu, pv, pw = u + v * tz - w * ty, v + w * tx - u * tz, w + u * ty - v * tx
            u, v, w = u + scale * (pv * tz - pw * ty), v + scale * (pw * tx - pu * tz), w + scale * (pu * ty - pv * tx)
            x, y, z = x + half * u, y + half * v, z + half * w
            path += 2.0 * half
            outside = x * x + y * y + z * z > radius * radius
            if outside:
                break
        here = piece_at(constants, x, y, z)
    start[0], start[1], start[2] = x, y, z
    norm = 1.0 / math.sqrt(u * u + v * v + w * w)
    heading[0], heading[1], heading[2] = u * norm, v * norm, w * norm
    return path, outside


@compile_loop
def trace_random_rays(constants, draw, curvature, positions, directions, radius, max_path, path, left):
    """Follow many particles; arguments as :func:`.integrator.trace_rays`, ``draw`` is the random field."""
    for ray in range(len(curvature)):
        path[ray], left[ray] = _trace(
            constants, draw, curvature[ray], positions[ray], directions[ray], radius, max_path[ray]
        )


@compile_loop
def total_field_values(constants, draw, positions, values):
    """Field of all parts in microgauss, shape (n, 3), at ``positions`` in kpc, shape (n, 3)."""
    for i in range(len(positions)):
        x, y, z = positions[i, 0], positions[i, 1], positions[i, 2]
        bx, by, bz = field_in(constants, piece_at(constants, x, y, z), x, y, z)
        tx, ty, tz = _turbulence(draw, x, y, z)
        stretch = 1.0 + draw.striation * _sign(draw, x, y, z)
        rms = strength_at(draw.profile, x, y, z)
        values[i, 0], values[i, 1], values[i, 2] = bx * stretch + rms * tx, by * stretch + rms * ty, bz * stretch + rms * tz
