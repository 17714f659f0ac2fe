"""HDF5 written whole or not at all, and HDF5 of strangers: what stands elsewhere, or would unpack to more than there can be, is refused."""

import contextlib
import hashlib
import io

import h5py

from .files import replacing

USER_BLOCK = 512  # bytes that readers of HDF5 skip; HDF5 libraries can hang on one altered byte, so the SHA-256 of the rest stands there

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
