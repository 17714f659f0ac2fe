"""The pages: A4 across, a heading, a picture on the left, what to know about it on the right."""

import re
import textwrap

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..figures import INK, LIMIT, PUBLISHED

WIDTH, HEIGHT = 11.69, 8.27  # inches
LEFT, RIGHT, TOP, BOTTOM = 0.6, 0.6, 1.05, 0.6
NOTES_WIDTH = 3.1
LINE = 0.205  # inches from line to line at 9.5 points
ROWS_PER_PAGE = 27
WIDE = 1.9  # width over height


class Pages:
    """Collects pages and writes them with one heading and number each.

    Parameters
    ----------
    footer : str
        Stands on every page.
    """

    def __init__(self, footer):
        self._footer, self._pages = footer, []

    def __len__(self):
        return len(self._pages)

    def picture(self, figure, heading, notes=()):
        """Add a figure of :mod:`..figures`, enlarged to the room there is, with notes beside it, or under it where it is wide."""
        width, height = figure.get_size_inches()
        beside = width < WIDE * height
        room = WIDTH - LEFT - RIGHT - (NOTES_WIDTH + 0.3 if notes and beside else 0), HEIGHT - TOP - BOTTOM
        scale = min(room[0] / width, room[1] / height)
        width, height = width * scale, height * scale
        figure.set_size_inches(WIDTH, HEIGHT)
        top = HEIGHT - TOP
        figure.get_layout_engine().set(rect=(LEFT / WIDTH, (top - height) / HEIGHT, width / WIDTH, height / HEIGHT))
        self._head(figure, heading)
        if beside:
            self._lines(figure, notes, WIDTH - RIGHT - NOTES_WIDTH, top - 0.15, 40)
        else:
            self._lines(figure, notes, LEFT, top - height - 0.25, 132)
        self._pages.append(figure)

    def text(self, heading, sections):
        """Add pages of text: ``sections`` are (title, lines); lines are wrapped and go on on the next page."""
        figure, y = self._blank(heading), HEIGHT - TOP
        for title, lines in sections:
            wrapped = [part for line in lines for part in (textwrap.wrap(line, 132, subsequent_indent="    ") or [""])]
            if y - LINE * (min(len(wrapped), 3) + 2) < BOTTOM:
                figure, y = self._blank(heading), HEIGHT - TOP
            if title:
                figure.text(LEFT / WIDTH, y / HEIGHT, title, fontsize=11.5, weight="bold", color=LIMIT, va="top")
                y -= 1.4 * LINE
            for line in wrapped:
                if y < BOTTOM + LINE:
                    figure, y = self._blank(heading), HEIGHT - TOP
                figure.text(LEFT / WIDTH, y / HEIGHT, line, fontsize=9.5, color=INK, va="top", parse_math=False)
                y -= LINE
            y -= 0.8 * LINE

    def table(self, heading, header, rows, note=""):
        """Add a table, as many pages as it takes; the first columns are texts, numbers stand to the right."""
        for start in range(0, len(rows), ROWS_PER_PAGE):
            figure, y = self._blank(heading), HEIGHT - TOP
            shown = [header, *rows[start : start + ROWS_PER_PAGE]]
            longest = [max(len(str(row[i])) for row in [header, *rows]) for i in range(len(header))]
            total = sum(longest) + 3 * len(longest)
            step = min((WIDTH - LEFT - RIGHT) / total, 0.105)
            size = 9.5 * min(step / 0.085, 1.0)
            for number, row in enumerate(shown):
                x = LEFT
                for i, cell in enumerate(row):
                    numeric = i > 0 and all(_is_number(other[i]) for other in rows)
                    place, side = (x + step * longest[i], "right") if numeric else (x, "left")
                    figure.text(place / WIDTH, y / HEIGHT, str(cell), fontsize=size, ha=side, va="top", parse_math=False,
                                color=LIMIT if number == 0 else INK, weight="bold" if number == 0 else "normal")
                    x += step * (longest[i] + 3)
                y -= LINE * (1.25 if number == 0 else 1.0)
            if note and start + ROWS_PER_PAGE >= len(rows):
                self._lines(figure, [note], LEFT, y - 0.15, 132)

    def write(self, path):
        """Write the PDF; it carries no date, so that equal content makes equal files."""
        from matplotlib.backends.backend_pdf import PdfPages

        with PdfPages(path, metadata={"Title": self._footer, "Creator": "Zevatron", "CreationDate": None}) as document:
            for number, figure in enumerate(self._pages, 1):
                figure.text(1 - RIGHT / WIDTH, 0.3 / HEIGHT, f"{number} / {len(self._pages)}", fontsize=8, color=PUBLISHED, ha="right")
                figure.text(LEFT / WIDTH, 0.3 / HEIGHT, self._footer, fontsize=8, color=PUBLISHED, parse_math=False)
                document.savefig(figure, facecolor="white")

    def _blank(self, heading):
        figure = Figure(figsize=(WIDTH, HEIGHT))
        FigureCanvasAgg(figure)
        self._head(figure, heading)
        self._pages.append(figure)
        return figure

    @staticmethod
    def _head(figure, heading):
        figure.text(LEFT / WIDTH, (HEIGHT - 0.45) / HEIGHT, heading, fontsize=17, weight="bold", color=INK, va="top", parse_math=False)

    @staticmethod
    def _lines(figure, lines, x, y, width):
        for line in lines:
            for part in textwrap.wrap(line, width) or [""]:
                figure.text(x / WIDTH, y / HEIGHT, part, fontsize=9.5, color=INK, va="top", parse_math=False)
                y -= LINE
            y -= 0.4 * LINE


def _is_number(text):
    return re.fullmatch(r"–?|-?[\d.]+ ?%?", str(text).strip()) is not None
