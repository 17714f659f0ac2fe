"""Fuzzing guided by coverage, with Atheris: ``python tests/faults/guided.py READER,READER,... RUNS [SEED]``.

Atheris (libFuzzer for Python) is not among the dependencies: install it into an environment of its own and put that on
PYTHONPATH. It changes a valid file step by step, and keeps what reaches code of Zevatron, of tomllib or of PyYAML that was not reached before. An
input that is neither read nor refused, takes longer than 5 s or more than 1 GiB ends the campaign and is kept in /tmp/fuzz.
"""

import os
import random
import re
import resource
import sys
import tempfile
from pathlib import Path

import atheris

KEPT, SECONDS, MEMORY = Path("/tmp/fuzz"), 5, 1024

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
COMPILED = [  # numba does not compile what Atheris has instrumented
    "zevatron." + ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in ROOT.glob("core/**/*.py") if re.search(r"numba|\.compiled import", path.read_text(encoding="utf-8"))
]

with atheris.instrument_imports(include=["zevatron", "tomllib", "yaml"], exclude=COMPILED):
    import main  # noqa: F401

    from tests.faults.campaign import IN_MEMORY, readers
    from tests.hostile import TOKENS, broken, outcome


def dictionary(content):
    """Return the words of a valid content and the tokens of the campaign, as libFuzzer reads them."""
    words = {*re.findall(rb"[\w.]+", content), *TOKENS}
    return "".join('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in sorted(words) if 2 <= len(word) <= 64)


def fuzz(name, runs, seed, folder):
    """Fuzz one reader in this process, which libFuzzer ends."""
    reader, file, content, whole = readers(folder, name)
    ended = {"read": 0, "refused": 0}
    corpus = folder / "corpus"
    corpus.mkdir()
    (corpus / "valid").write_bytes(content)
    (folder / "words").write_text(dictionary(content), encoding="ascii")
    rng = random.Random(seed)
    for i in range(20):
        (corpus / f"broken{i}").write_bytes(broken(content, rng))

    def one(data):
        (folder / file).write_bytes(whole(data))
        ended[outcome(reader, folder / file)] += 1
        if sum(ended.values()) % 5000 == 0:
            print(f"{name}: {ended}", flush=True)

    KEPT.mkdir(exist_ok=True)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    atheris.Setup([
        sys.argv[0], f"-runs={runs}", f"-seed={seed}", f"-timeout={SECONDS}", f"-rss_limit_mb={used + MEMORY}",
        f"-max_len={max(4 * len(content), 4096)}", f"-artifact_prefix={KEPT}/guided-{name}-", "-print_final_stats=1",
        f"-dict={folder / 'words'}", str(corpus),
    ], one)
    atheris.Fuzz()


if __name__ == "__main__":
    for reader_name in sys.argv[1].split(","):
        with tempfile.TemporaryDirectory(dir=IN_MEMORY) as place:
            if (child := os.fork()) == 0:
                fuzz(reader_name, int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1, Path(place))
            print(f"{reader_name}: exit code {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}", flush=True)
