"""Where the files that come with Zevatron lie, in a checkout and in an installed wheel alike."""

from pathlib import Path

RESOURCES = Path(__file__).resolve().parent.parent / "resources"


def resource_path(*parts):
    """Return the path of a shipped file, for example ``resource_path("sources.toml")``."""
    return RESOURCES.joinpath(*parts)
