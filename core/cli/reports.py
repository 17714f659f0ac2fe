"""The command that makes a report of what others have computed."""

from ..progress import TerminalProgress


def report(options):
    """Write a PDF and a folder with everything that a result rests on."""
    from ..report import make_report

    files = make_report(options.source, options.out, training=options.training, progress=TerminalProgress())
    return {"text": f"wrote {len(files)} files to {options.out}: {', '.join(files)}", "files": files}
