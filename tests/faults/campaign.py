"""The recorded fuzzing of docs/robustness.md: ``python tests/faults/campaign.py READER COUNT [SEED [FIRST]]``, one line of JSON at the end;
FIRST, a multiple of 500, goes on where a campaign of as many inputs ended.

Broken files are tried in batches in processes of their own with 5 s of processor time for each file and 1 GiB above what the process had,
so that a crash or a hang of a library is counted instead of ending the campaign. What was neither read nor refused is kept in /tmp/fuzz.
"""

import collections
import hashlib
import io
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import numpy as np

import main  # noqa: F401

from tests.core.published_files import PublishedFile
from tests.hostile import binary_readers, broken, hdf5_readers, outcome, sealed, text_readers
from zevatron.core.network.files import _require_harmless, read_record
from zevatron.core.network.published import read_published

BATCH, SECONDS, MEMORY, KEPT = 500, 5.0, 2**30, Path("/tmp/fuzz")
IN_MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else None  # a disk writes back each file that is cut and filled again


def keras_reader(path):
    """All that is done with a network file before Keras reads it."""
    read_record(path)
    _require_harmless(path)
    return True


def readers(folder, name):
    """Return reader, name of the file, valid content, and what makes a file of a broken content: it seals it or packs it again.

    ``m.keras`` is a network as it is, ``config.json.keras`` and ``model.weights.h5.keras`` are one of its members, packed with the others.
    """
    if name.endswith(".keras"):
        smallest = min(Path("resources/models").glob("*.keras"), key=lambda path: path.stat().st_size)
        member = name.removesuffix(".keras")
        if member == "m":
            return keras_reader, "m.keras", smallest.read_bytes(), bytes
        with zipfile.ZipFile(smallest) as archive:
            members = {inner: archive.read(inner) for inner in archive.namelist()}
        return keras_reader, "m.keras", members[member], lambda made: packed(members | {member: made})
    if name == "published.h5":
        return read_published, "m.h5", PublishedFile(np.random.default_rng(1), 4).write(folder / "seed.h5").read_bytes(), bytes
    found = text_readers(folder) | binary_readers(folder) | hdf5_readers(folder)
    reader, file, content, *magic = found[name]
    return reader, file, content, (lambda made: sealed(made.ljust(len(magic[0]) + 64, b"\0"), magic[0])) if magic else bytes


def packed(members):
    """Return a zip archive of these members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def try_batch(reader, file, content, whole, rng, count, out):
    """Try broken files and say of each when it began and how it ended."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    for _ in range(count):
        made = whole(broken(content, rng))
        file.write_bytes(made)
        out.write(f"? {hashlib.sha256(made).hexdigest()[:12]}\n")
        out.flush()
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        started = time.process_time()
        try:
            ended = outcome(reader, file)
        except BaseException as error:
            ended = f"{type(error).__name__}: {str(error)[:120]}".replace("\n", " ")
            KEPT.mkdir(exist_ok=True)
            (KEPT / f"{hashlib.sha256(made).hexdigest()[:12]}-{file.name}").write_bytes(made)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        out.write(f"! {time.process_time() - started:.3f} {ended}\n")


def campaign(name, count, seed=1, first=0):
    """Try ``count`` broken files, of the endless series of a seed those from ``first`` on; returns what became of them."""
    ended, slowest, done = collections.Counter(), 0.0, first
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        reader, file, content, whole = readers(Path(folder), name)
        (Path(folder) / file).write_bytes(whole(content))
        assert outcome(reader, Path(folder) / file) == "read"  # and all that it needs is loaded
        while done < first + count:
            size, (read, write) = min(BATCH, first + count - done), os.pipe()
            child = os.fork()
            if child == 0:
                os.close(read)
                with os.fdopen(write, "w") as out:
                    try_batch(reader, Path(folder) / file, content, whole, random.Random(f"{seed} {name} {done}"), size, out)
                os._exit(0)
            os.close(write)
            with os.fdopen(read, errors="replace") as heard:
                lines = heard.read().splitlines()
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            for line in lines:
                if line.startswith("!"):
                    _, seconds, words = line.split(" ", 2)
                    ended[words], slowest = ended[words] + 1, max(slowest, float(seconds))
            tried = sum(line.startswith("?") for line in lines)
            if status:
                ended[f"ended the process ({status})"] += 1
                KEPT.mkdir(exist_ok=True)
                (KEPT / f"crash-{done + tried}-{file}").write_bytes((Path(folder) / file).read_bytes())
            done += max(tried, 1)
    return {"reader": name, "inputs": done - first, "slowest_s": slowest, "ended": dict(ended)}


if __name__ == "__main__":
    print(json.dumps(campaign(sys.argv[1], int(sys.argv[2]), *map(int, sys.argv[3:]))), flush=True)
