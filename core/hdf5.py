"""HDF5 of strangers: what stands elsewhere, or would unpack to more than there can be, is refused before a number of it is read."""

import h5py

LARGEST = 512 * 2**20  # bytes, of all datasets unpacked
FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}  # others are code that HDF5 would look for and load


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
