"""A report as PDF (A4): letters that ship with it, drawings as vectors, the same bytes for the same figures.

Characters that the letters lack are shown as U+FFFD, the replacement character: visibly, never as nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import WrapMode
from fpdf.fonts import TTFFont

from nostr_usage.reporting.monthly.figures import MonthlyReport
from nostr_usage.reporting.monthly.wording import Chapter, Document, Plot, Table, document_of

_FONTS = Path(__file__).parent / "fonts"
_FAMILY = "report"
_FONT_FILES = {"": "DejaVuSansCondensed.ttf", "B": "DejaVuSansCondensed-Bold.ttf"}
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_PAGES = "\N{WORD JOINER}\N{INVISIBLE TIMES}\N{WORD JOINER}"
"""What the number of pages is put in for, once it is known: text that `safe_text` lets nobody else write."""

_MARGIN_MM, _LINE_MM, _ROW_MM, _GAP_MM = 16.0, 4.6, 4.4, 2.0
_PLOT_MM, _PLOT_FOOT_MM = 32.0, 10.0
_BODY_PT, _SMALL_PT, _TITLE_PT, _HEADING_PT = 9.0, 7.5, 16.0, 11.0
_INK, _FAINT, _RULE = (27, 31, 36), (87, 96, 106), (208, 215, 222)
_BAR, _ALARM = (31, 111, 235), (180, 35, 24)
_SHEET_SHARE = 0.7
_COLUMN_MIN_MM = 14.0


def pdf_report(report: MonthlyReport, *, is_compressed: bool = True) -> bytes:
    """The report as a PDF file; dated by its newest entry, so that it can be made again byte for byte."""
    document = document_of(report)
    paper = _Paper(document, is_final=report.is_final)
    paper.set_compression(is_compressed)
    paper.set_creation_date(datetime.fromtimestamp(report.as_of, UTC))
    paper.set_title(paper.shown(document.title))
    paper.set_lang("en")
    paper.set_producer("nostr-usage")
    paper.add_page()
    paper.write_head()
    for chapter in document.chapters:
        paper.write_chapter(chapter, has_title=len(document.chapters) > 1)
    paper.write_verification()
    return bytes(paper.output())


class _Paper(FPDF):
    """Pages with a line at their foot, and what is written on them."""

    def __init__(self, document: Document, *, is_final: bool) -> None:
        super().__init__(format="A4")
        self._document = document
        self._state = "" if is_final else "NOT FINAL · "
        for style, name in _FONT_FILES.items():
            self.add_font(_FAMILY, style, _FONTS / name)
        known = [set(font.cmap) for font in self.fonts.values() if isinstance(font, TTFFont)]
        self._characters = frozenset(map(chr, set[int].intersection(*known)))
        self.alias_nb_pages(_PAGES)
        self.set_margin(_MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=_MARGIN_MM)
        self.set_draw_color(*_RULE)

    def footer(self) -> None:
        """Which report this is, whether it is final, and the number of the page."""
        self.set_y(-_MARGIN_MM + 4)
        self._pen(_SMALL_PT, colour=_FAINT)
        text = f"{self._state}{self._document.title}"
        self.cell(self.epw - 30, _LINE_MM, self._cut(text, self.epw - 32))
        self.cell(30, _LINE_MM, f"{self.page_no()} / {_PAGES}", align="R")

    def shown(self, text: str) -> str:
        """The text, with a visible sign for every character that the letters lack."""
        return "".join(one if one in self._characters else _REPLACEMENT for one in text)

    def write_head(self) -> None:
        """Title, warnings, and what the report is about."""
        self._pen(_TITLE_PT, is_bold=True)
        self._paragraph(self._document.title, line_mm=8)
        for warning in self._document.warnings:
            self._pen(_BODY_PT, is_bold=True, colour=_ALARM)
            self._paragraph(warning)
        self.ln(_GAP_MM)
        for name, value in self._document.facts:
            self._pen(_BODY_PT, colour=_FAINT)
            self.cell(26, _LINE_MM, self.shown(name))
            self._pen(_BODY_PT)
            self._paragraph(value)

    def write_chapter(self, chapter: Chapter, *, has_title: bool) -> None:
        """One meter."""
        self.ln(_GAP_MM)
        if has_title:
            self._room_for(40)
            self._pen(_HEADING_PT + 2, is_bold=True)
            self._paragraph(chapter.title, line_mm=7)
        self._pen(_SMALL_PT, colour=_FAINT)
        self._paragraph(chapter.standing)
        self._table(chapter.sheet, width=self.epw * _SHEET_SHARE)
        for part in chapter.parts:
            self._table(part, width=self.epw * _SHEET_SHARE)
        self._plot(chapter.plot)
        self._table(chapter.entries, width=self.epw, size_pt=_SMALL_PT)
        if chapter.note:
            self._pen(_SMALL_PT, colour=_FAINT)
            self._paragraph(chapter.note)

    def write_verification(self) -> None:
        """How whoever reads this can check it."""
        self._heading("How to verify it", below_mm=45)
        for step in self._document.steps:
            self._pen(_BODY_PT)
            self._paragraph(step)
            self.ln(1)
        for command in self._document.commands:
            self._pen(_SMALL_PT)
            self._paragraph(command)

    def _heading(self, text: str, *, below_mm: float) -> None:
        """A heading that stands on the page of what follows it, as far as `below_mm`."""
        self.ln(_GAP_MM * 2)
        self._room_for(below_mm)
        self._pen(_HEADING_PT, is_bold=True)
        self._paragraph(text, line_mm=6)

    def _paragraph(self, text: str, *, line_mm: float = _LINE_MM) -> None:
        wrapmode = WrapMode.WORD if " " in text else WrapMode.CHAR
        self.multi_cell(
            0, line_mm, self.shown(text), align="L", new_x="LMARGIN", new_y="NEXT", wrapmode=wrapmode
        )

    def _table(self, table: Table, *, width: float, size_pt: float = _BODY_PT) -> None:
        self._heading(table.title, below_mm=_LINE_MM * 4)
        self._pen(size_pt, is_bold=True)
        widths = self._widths(table, width)
        self._row(table.header, widths, table.right, size_pt=size_pt, colour=_FAINT)
        for cells in table.rows:
            if self.will_page_break(_ROW_MM):
                self.add_page()
                self._row(table.header, widths, table.right, size_pt=size_pt, colour=_FAINT)
            self._row(cells, widths, table.right, size_pt=size_pt)
        if table.total:
            self._row(table.total, widths, table.right, size_pt=size_pt, is_bold=True)

    def _row(
        self,
        cells: tuple[str, ...],
        widths: Sequence[float],
        right: frozenset[int],
        *,
        size_pt: float,
        is_bold: bool = False,
        colour: tuple[int, int, int] = _INK,
    ) -> None:
        self._pen(size_pt, is_bold=is_bold, colour=colour)
        for at, (text, width) in enumerate(zip(cells, widths, strict=True)):
            self.cell(
                width, _ROW_MM, self._cut(text, width - 2), border="B", align="R" if at in right else "L"
            )
        self.ln(_ROW_MM)

    def _widths(self, table: Table, width: float) -> list[float]:
        """Every column as wide as it needs to be; the widest of the texts gives way if there is no room."""
        rows = (table.header, *table.rows, table.total) if table.total else (table.header, *table.rows)
        needed = [
            max(self.get_string_width(self.shown(cell)) for cell in column) + 3
            for column in zip(*rows, strict=True)
        ]
        texts = [at for at in range(len(needed)) if at not in table.right]
        widest = max(texts, key=lambda at: needed[at])
        others = sum(needed) - needed[widest]
        if others + _COLUMN_MIN_MM > width:
            # Several long texts: they share what the numbers leave.
            numbers = sum(needed[at] for at in table.right)
            share = max((width - numbers) / len(texts), _COLUMN_MIN_MM)
            return [needed[at] if at in table.right else share for at in range(len(needed))]
        needed[widest] = width - others
        return needed

    def _plot(self, plot: Plot) -> None:
        self._heading(plot.title, below_mm=_PLOT_MM + _PLOT_FOOT_MM + 8)
        most = max(*plot.values, 1)
        step = self.epw / len(plot.values)
        left, foot = self.l_margin, self.get_y() + _PLOT_MM
        self.set_fill_color(*_BAR)
        self._pen(_SMALL_PT, colour=_FAINT)
        for number, tokens in enumerate(plot.values):
            x = left + number * step
            if tokens > 0:
                height = max(_PLOT_MM * tokens / most, 0.3)
                self.rect(x, foot - height, step * 0.72, height, style="F")
            if number == 0 or (number + 1) % 5 == 0:
                self.set_xy(x, foot + 0.5)
                self.cell(step * 0.72, _LINE_MM, str(number + 1), align="C")
        self.line(left, foot, left + self.epw, foot)
        self.set_xy(left, foot + _LINE_MM + 0.5)
        self._paragraph(plot.summary)

    def _pen(self, size_pt: float, *, is_bold: bool = False, colour: tuple[int, int, int] = _INK) -> None:
        self.set_font(_FAMILY, "B" if is_bold else "", size_pt)
        self.set_text_color(*colour)

    def _cut(self, text: str, width: float) -> str:
        """As much of a text as fits."""
        shown = self.shown(text)
        if self.get_string_width(shown) <= width:
            return shown
        low, high = 0, len(shown)
        while low < high:
            middle = (low + high + 1) // 2
            if self.get_string_width(shown[:middle].rstrip() + "…") <= width:
                low = middle
            else:
                high = middle - 1
        return shown[:low].rstrip() + "…"

    def _room_for(self, height_mm: float) -> None:
        if self.will_page_break(height_mm):
            self.add_page()
