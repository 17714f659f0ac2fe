"""A PDF and a folder with everything that a result rests on: what was asked, what came out, how to make it again, what to cite."""

from .build import make_report
from .content import Content, read_content

__all__ = ["Content", "make_report", "read_content"]
