"""Draw the table of settings in the README from the configuration itself: python docs/make_settings.py."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import main  # noqa: E402, F401  (makes this checkout the package zevatron)

from zevatron.core.config import PRESETS, RunConfig, describe_setting, settings_of, value_at  # noqa: E402

START, END = "<!-- settings: python docs/make_settings.py -->", "<!-- end of settings -->"


def settings_table():
    """Return the table as Markdown."""
    lines = ["| setting | default | meaning |", "| --- | --- | --- |"]
    for path, spec in settings_of():
        shown = _shown(value_at(RunConfig(), path))
        if path in PRESETS["quick"]:
            shown += f" (quick: {_shown(PRESETS['quick'][path])})"
        lines.append(f"| `{path}` | {shown} | {describe_setting(spec).replace('|', chr(92) + '|')} |")
    return "\n".join(lines)


def _shown(value):
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, tuple):
        return "[" + ", ".join(str(item) for item in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value) or "(empty)"


if __name__ == "__main__":
    readme = ROOT / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(START)
    after = rest.split(END)[1]
    readme.write_text(f"{before}{START}\n{settings_table()}\n{END}{after}", encoding="utf-8")
