"""Images of one source kept by rigidity in one file, so that runs with other grids share them."""

import time

import numpy as np

from ..storage.cache import read_cache, write_cache
from .image import Image

SAVE_INTERVAL = 5.0  # s of work that a killed computation loses at most
COLUMNS = ("ipix", "order", "weight", "member")


def rigidity_key(rigidity):
    """Name of a rigidity in EV that does not depend on the last digits, which differ between platforms."""
    return f"{rigidity:.10g}"


class ImageStore:
    """Images of one source in one field, by rigidity, in a cache file.

    Several processes may work on the same file: each adds to what it finds when it saves. What two of them save in
    the same instant can be lost to one, which costs time, never truth.

    Parameters
    ----------
    path : Path
    digest : str
        Of everything but the rigidity that an image depends on.
    attributes : mapping of str to (str or number)
        For people who look into the file.
    """

    def __init__(self, path, digest, attributes):
        self.path, self.digest, self.attributes = path, digest, attributes
        self._images = read_images(path, digest)
        self._new = {}
        self._saved = time.monotonic()

    def get(self, rigidity):
        """Return the :class:`~.image.Image` at ``rigidity``, or None."""
        return self._images.get(rigidity_key(rigidity))

    def put(self, rigidity, image):
        """Keep an image; the file is written now and then, and by :meth:`save`."""
        key = rigidity_key(rigidity)
        self._images[key] = self._new[key] = image
        if time.monotonic() - self._saved > SAVE_INTERVAL:
            self.save()

    def save(self):
        """Write what is new, together with what others have written since."""
        if self._new:
            write_images(self.path, self.digest, {**read_images(self.path, self.digest), **self._new}, self.attributes)
            self._new = {}
        self._saved = time.monotonic()


def read_images(path, digest):
    """Return ``{rigidity key: Image}``; empty if there is no such file, or it is damaged or of another digest."""
    arrays = read_cache(path, digest)
    if arrays is None:
        return {}
    images = {}
    pieces = [np.split(arrays[name], arrays["start"][1:-1]) for name in COLUMNS]
    facts = (arrays["rigidity"], arrays["leaf_order"], arrays["n_effective"])
    for rigidity, leaf_order, n_effective, *columns in zip(*facts, *pieces, strict=True):
        images[rigidity_key(rigidity)] = Image(*columns, int(leaf_order), float(n_effective))
    return images


def write_images(path, digest, images, attributes):
    """Write ``{rigidity key: Image}`` as a cache file."""
    keys = sorted(images, key=float)
    arrays = {name: np.concatenate([getattr(images[key], name) for key in keys]) for name in COLUMNS}
    arrays["rigidity"] = np.array([float(key) for key in keys])
    arrays["leaf_order"] = np.array([images[key].leaf_order for key in keys], dtype=np.int8)
    arrays["n_effective"] = np.array([images[key].n_effective for key in keys])
    arrays["start"] = np.cumsum([0, *(len(images[key].ipix) for key in keys)])
    write_cache(path, digest, arrays, {"ordering": "NESTED", **attributes})
