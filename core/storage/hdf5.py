"""HDF5 written whole or not at all, and HDF5 of strangers: what stands elsewhere, or would unpack to more than there can be, is refused."""

import contextlib
import hashlib
import io

import h5py

from .files import replacing

USER_BLOCK = 512  # bytes that readers of HDF5 skip; HDF5 libraries can hang on one altered byte, so the SHA-256 of the rest stands there

SIGNATURE = b"\x89HDF\r\n\x1a\n"
HEAP = b"GCOL\x01"  # begins a heap
OBJECT, SMALLEST_HEAP = 16, 4096  # bytes of the header of a heap, and of each object in it; the library refuses smaller heaps
LARGEST = 512 * 2**20  # bytes, of all datasets unpacked
FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}  # others are code that HDF5 would look for and load


@contextlib.contextmanager
def replacing_hdf5(path, magic=b""):
    """Open an HDF5 file that takes the place of ``path`` when the block ends well.

    It is made in memory: where a disk is full the library can neither finish a file nor let go of it, and ends the process.

    Parameters
    ----------
    path : Path
    magic : bytes, optional
        Written at the beginning, followed by the SHA-256 of all behind the user block.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    content = io.BytesIO()
    with h5py.File(content, "w", userblock_size=USER_BLOCK if magic else 0) as file:
        yield file
    with content.getbuffer() as view:
        if magic:
            seal = magic + hashlib.sha256(view[USER_BLOCK:]).hexdigest().encode()
            view[: len(seal)] = seal
        with replacing(path, "wb") as stream:
            stream.write(view)


def open_content(content):
    """Open HDF5 that lies in memory, for reading.

    Raises
    ------
    ValueError
        If the library would not come back from it.
    OSError
        If it is no HDF5.
    """
    _require_ending_heaps(content)
    return h5py.File(io.BytesIO(content), "r")


def _require_ending_heaps(content):
    """Raise ValueError unless every heap of texts of variable length comes to its end.

    The library walks through the objects of a heap by their lengths (HDF5 File Format Specification 3.0, III.E) and asks
    neither whether one has any nor whether it lies in the heap: with a length of nothing it walks for ever.
    """
    steps, place = 0, content.find(HEAP)
    while place >= 0:
        length = int.from_bytes(content[place + 8 : place + 16], "little")
        at, end = place + OBJECT, place + length
        while length >= SMALLEST_HEAP and at + OBJECT <= end <= len(content):
            number, size = (int.from_bytes(content[at + start : at + stop], "little") for start, stop in ((0, 2), (8, 16)))
            step = OBJECT + -(-size // 8) * 8 if number else size
            steps += 1
            if not 0 < step <= end - at or steps > len(content):
                raise ValueError(f"expected objects that lie in the heap at byte {place}, found one of {size} bytes at byte {at}")
            at += step
        place = content.find(HEAP, place + 1)
    if not _has_lengths_of_8_bytes(content):
        raise ValueError("expected lengths of 8 bytes")


def _has_lengths_of_8_bytes(content):
    """Whether every superblock that the library may find says so: the walk above reads 8 bytes."""
    start = 0
    while start + 16 <= len(content):  # at 0, 512, 1024 and so on, where the library looks
        if content[start : start + 8] == SIGNATURE:
            places = (13, 14) if content[start + 8] < 2 else (9, 10)
            return all(content[start + place] == 8 for place in places)
        start = max(2 * start, USER_BLOCK)
    return True


def require_plain(file, largest=LARGEST):
    """Raise ValueError unless an open HDF5 file holds all its data itself, in few enough bytes.

    Parameters
    ----------
    file : h5py.File
    largest : int
        Bytes, of all datasets together and of one chunk.
    """
    elsewhere = file.visititems_links(lambda name, link: None if isinstance(link, h5py.HardLink) else name)
    if elsewhere:
        raise ValueError(f"expected data in the file itself, found a link to elsewhere at {elsewhere}")
    sizes = []

    def look(name, item):
        if not isinstance(item, h5py.Dataset):
            return
        if item.external or item.is_virtual:
            raise ValueError(f"expected data in the file itself, found {name} elsewhere")
        creation = item.id.get_create_plist()
        if not {creation.get_filter(i)[0] for i in range(creation.get_nfilters())} <= FILTERS:
            raise ValueError(f"expected {name} packed by gzip, found another filter")
        chunk = item.dtype.itemsize
        for length in item.chunks or ():
            chunk *= length
        sizes.append(item.size * item.dtype.itemsize if item.shape is not None else 0)
        if max(chunk, sum(sizes)) > largest:
            raise ValueError(f"expected at most {largest / 2**20:g} MiB, {name} would be more")

    file.visititems(look)
