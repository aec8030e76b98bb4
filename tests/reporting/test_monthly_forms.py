"""Monthly reports as HTML, PDF and CSV: the same figures in all, and no text can attack its reader."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from nostr_usage.pricing.catalogue import load_catalogue
from nostr_usage.reporting.entry_columns import COLUMNS
from nostr_usage.reporting.monthly import MonthlyReport, ReportFormat, rendered_report, wording
from nostr_usage.reporting.monthly.as_csv import csv_report
from nostr_usage.reporting.monthly.as_html import Markup, element, html_report
from nostr_usage.reporting.monthly.as_pdf import pdf_report
from nostr_usage.store import StreamStatus
from tests.operators import FEBRUARY_1, operator_in
from tests.reporting.pdf_text import texts_of_pdf
from tests.reporting.reported_months import HOSTILE, reported, reported_service, set_status
from tests.terminal import controls_in

GOLDENS = Path(__file__).parent / "goldens"
RENEW = "RENEW_GOLDENS"
"""Set, it has the golden files written anew: look at what changed before committing that."""


@pytest.fixture(scope="module", name="report")
def one_report(tmp_path_factory: pytest.TempPathFactory) -> MonthlyReport:
    """February of an organisation, over and proved."""
    with reported_service(tmp_path_factory.mktemp("service")) as service:
        return reported(service)


class Page(HTMLParser):
    """What a browser would make of a page: its elements with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._is_style = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        self._is_style = tag == "style"

    def handle_data(self, data: str) -> None:
        """Note a text that is shown."""
        if not self._is_style:
            self.texts.append(data)

    def dangers(self) -> set[str]:
        """Elements and attributes that run, load or lead somewhere."""
        loading = {
            "script",
            "img",
            "iframe",
            "object",
            "embed",
            "link",
            "form",
            "a",
            "base",
            "audio",
            "video",
        }
        found = {tag for tag, _ in self.elements if tag in loading}
        for _, attributes in self.elements:
            found |= {
                name for name in attributes if name.startswith("on") or name in {"src", "href", "style"}
            }
        return found


def test_html_is_as_it_was(report: MonthlyReport) -> None:
    """Compared with a file that somebody has looked at."""
    assert golden("report.html", html_report(report)) == html_report(report)


def test_csv_is_as_it_was(report: MonthlyReport) -> None:
    """Byte for byte, line ends too."""
    assert golden("report.csv", csv_report(report)) == csv_report(report)


def golden(name: str, current: str) -> str:
    """The text of a golden file."""
    path = GOLDENS / name
    if os.environ.get(RENEW):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(current.encode("utf-8"))
    return path.read_bytes().decode("utf-8")


def test_hostile_text_is_only_text_in_html(report: MonthlyReport) -> None:
    """It is shown, and neither runs nor loads anything."""
    page = Page(html_report(report))
    assert set() == page.dangers()
    assert any("=HYPERLINK(1)<script>alert(1)</script>\" onload='x'&amp;" in text for text in page.texts)
    assert set() == controls_in("".join(page.texts))
    assert "Sales <b>" in page.texts


def test_control_unescaped_text_is_found(report: MonthlyReport) -> None:
    """The same page with one text that was not escaped."""
    page = html_report(report).replace("&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>")
    assert {"script"} == Page(page).dangers()
    assert controls_in(HOSTILE)


def test_html_escapes_attributes_as_well() -> None:
    """Whatever is not markup already, wherever it stands."""
    hostile = "\"><script>'&"
    assert (
        '<p title="&quot;&gt;&lt;script&gt;&#x27;&amp;">&quot;&gt;&lt;script&gt;&#x27;&amp;</p>'
        == element("p", hostile, title=hostile)
    )
    assert "<p><b/></p>" == element("p", Markup("<b/>"))


def test_html_stands_alone(report: MonthlyReport) -> None:
    """Nothing is fetched; its policy allows the one style sheet, by its hash, and nothing else."""
    text = html_report(report)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policies = [attributes for _, attributes in Page(text).elements if "http-equiv" in attributes]
    assert [f"default-src 'none'; style-src 'sha256-{digest}'"] == [one["content"] for one in policies]
    assert not re.search(r"url\(|@import|https?:", text)


def test_html_prints_and_follows_the_theme(report: MonthlyReport) -> None:
    """Dark where the reader's system is, and on A4 without a background."""
    text = html_report(report)
    assert all(rule in text for rule in ("prefers-color-scheme: dark", "@media print", "size: A4"))


def test_plot_has_a_bar_for_each_day(report: MonthlyReport) -> None:
    """Each says its day; a day on which little was used still has a bar, others have none."""
    bars = [attributes for tag, attributes in Page(html_report(report)).elements if tag == "rect"]
    heights = [int(bar["height"] or "") for bar in bars]
    assert (28, 5, 120) == (len(heights), sum(height > 0 for height in heights), max(heights))
    assert "3 February: 1,000" in html_report(report)


def test_formulas_are_quoted_in_csv(report: MonthlyReport) -> None:
    """No cell is one; numbers stay numbers, and the columns begin with those of every export."""
    rows = list(csv.DictReader(io.StringIO(csv_report(report))))
    assert list(COLUMNS) == list(rows[0])[: len(COLUMNS)]
    cells = [cell for row in rows for cell in row.values() if cell]
    assert set() == {cell for cell in cells if cell[0] in "=+@\t\r" or (cell[0] == "-" and not number(cell))}
    (attacked,) = [row["description"] for row in rows if "HYPERLINK" in row["description"]]
    assert attacked.startswith("'=HYPERLINK")
    assert set() == controls_in(attacked)
    assert "=" == HOSTILE[0], "control: as it came it would be a formula"
    assert report.meters[0].statement.closing == sum(int(row["tokens"]) for row in rows)


def number(cell: str) -> bool:
    """Whether a cell is a negative number."""
    return re.fullmatch(r"-[0-9.]+", cell) is not None


def test_pdf_says_the_same(report: MonthlyReport) -> None:
    """Every figure of the sheet, every id and every balance of the lines."""
    texts = texts_of_pdf(pdf_report(report, is_compressed=False))
    joined = " ".join(texts)
    assert "AI usage of acme in February 2026" == texts[0]
    assert report.meters[0].head_id in joined
    for meter in report.meters:
        for line in meter.lines:
            assert line.row.entry_id[:8] in texts
            assert f"{line.running:,}" in texts
    for text in ("+8,000", "+5,800", "+200", "−2,462", "−1,700", "9,838", "Maria · Sales <b>", "100 %"):
        assert text in texts, text


def test_pdf_is_the_same_each_time(report: MonthlyReport) -> None:
    """Byte for byte: it is dated by the newest entry, not by the clock."""
    first = pdf_report(report)
    assert first == pdf_report(report)
    assert b"D:20260302000000" in pdf_report(report, is_compressed=False)
    assert first != pdf_report(replace(report, label="other")), "control: figures make a difference"


def test_pdf_runs_and_loads_nothing(report: MonthlyReport) -> None:
    """No scripts, no links, no files within; the hostile text is text."""
    data = pdf_report(report, is_compressed=False)
    assert not re.search(rb"/JavaScript|/JS\b|/URI|/Launch|/EmbeddedFile|/AcroForm|/GoToR", data)
    assert set() == controls_in("".join(texts_of_pdf(data)))
    assert any(text.startswith("=HYPERLINK(1)<script>") for text in texts_of_pdf(data))


def test_letters_that_no_font_has_are_shown_as_missing(report: MonthlyReport) -> None:
    """One sign for each; Greek and Cyrillic are there."""
    texts = texts_of_pdf(pdf_report(replace(report, label="日本🎯 Καλημέρα мир"), is_compressed=False))
    assert "AI usage of \N{REPLACEMENT CHARACTER}" + 2 * "\N{REPLACEMENT CHARACTER}" in texts[0]
    assert "Καλημέρα мир" in texts[0]
    assert "日本" in html_report(replace(report, label="日本")), "control: other forms have them"


@pytest.mark.parametrize("format_", ReportFormat)
def test_conflict_is_never_presented_as_final(tmp_path: Path, format_: ReportFormat) -> None:
    """In no form; the control is the same report of a proved ledger."""
    with reported_service(tmp_path) as service:
        proved = shown(reported(service), format_)
        set_status(service, StreamStatus.CONFLICT)
        contradicted = shown(reported(service), format_)
    assert (False, True) == tuple("not final" in text.lower() for text in (proved, contradicted))
    if format_ is not ReportFormat.CSV:
        assert "Conflict: two signed entries contradict each other" in contradicted
        assert contradicted.index("Conflict:") < contradicted.index("Balance")


def shown(report: MonthlyReport, format_: ReportFormat) -> str:
    """The text of a report in one of its forms."""
    if format_ is ReportFormat.PDF:
        return " ".join(texts_of_pdf(pdf_report(report, is_compressed=False)))
    return rendered_report(report, format_).decode("utf-8")


def test_every_page_of_an_unfinished_pdf_says_so(tmp_path: Path) -> None:
    """At its foot: pages get separated."""
    with reported_service(tmp_path) as service:
        set_status(service, StreamStatus.INCOMPLETE)
        texts = texts_of_pdf(pdf_report(reported(service), is_compressed=False))
    pages = sum(text.endswith(" / ") for text in texts)
    assert 2 == pages
    assert pages == sum(text.startswith("NOT FINAL · ") for text in texts)


def test_long_lists_end_with_what_is_left(report: MonthlyReport, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last line says how many more there are and what they add up to; the CSV has them all."""
    monkeypatch.setattr(wording, "LINES_LISTED_MAX", 5)
    (chapter,) = wording.document_of(report).chapters
    table = chapter.entries
    left = len(report.meters[0].lines) - 5
    assert (6, f"{left:,} more, in the CSV") == (len(table.rows), table.rows[-1][2])
    moved = sum(line.row.tokens for line in report.meters[0].lines[5:])
    assert (f"−{-moved:,}", "9,838") == table.rows[-1][-2:]
    assert len(report.meters[0].lines) == len(csv_report(report).splitlines()) - 1


def test_thousand_entries_fill_pages_with_a_header_each(report: MonthlyReport) -> None:
    """Nothing is drawn over the foot, and each page of a table begins with its header."""
    meter = report.meters[0]
    long = replace(report, meters=(replace(meter, lines=meter.lines * 20),))
    texts = texts_of_pdf(pdf_report(long, is_compressed=False))
    pages = sum(text.endswith(" / ") for text in texts)
    assert 5 < pages == texts.count("When (UTC)") + 1


@pytest.mark.parametrize("format_", ReportFormat)
def test_empty_month_has_every_form(tmp_path: Path, format_: ReportFormat) -> None:
    """Nothing is divided by zero; of five meters, each has its part."""
    with operator_in(tmp_path, catalogue=load_catalogue("bright_audio")) as service:
        service.open_account("acme", plan="pro")
        service.clock.set(FEBRUARY_1 + 100)
        text = shown(reported(service, "2026-01"), format_)
    if format_ is not ReportFormat.CSV:
        assert 5 == text.count("Nothing was used.") // (2 if format_ is ReportFormat.HTML else 1)
        assert "Strategy analysis" in text


def test_month_of_refunds_alone_is_drawn(tmp_path: Path) -> None:
    """Days on which more came back than was used have no bar, and say so."""
    with reported_service(tmp_path) as service:
        report = reported(service)
    meter = replace(report.meters[0], days=(-200, *(0,) * 27))
    text = html_report(replace(report, meters=(meter,)))
    assert "1 February: −200" in text
    assert {"0"} == {attributes["height"] for tag, attributes in Page(text).elements if tag == "rect"}
    assert pdf_report(replace(report, meters=(meter,)))


def test_several_long_texts_share_the_width(report: MonthlyReport) -> None:
    """None pushes the numbers off the paper; what does not fit ends in an ellipsis, and HTML has all."""
    meter = report.meters[0]
    lines = tuple(
        replace(line, member="M" * 60, department="D" * 60, description="W" * 119) for line in meter.lines
    )
    long = replace(report, meters=(replace(meter, lines=lines),))
    texts = texts_of_pdf(pdf_report(long, is_compressed=False))
    assert "9,838" in texts
    assert len(lines) == sum(text.startswith("WWW") and text.endswith("…") for text in texts)
    assert "W" * 119 in html_report(long)


def test_text_is_never_taken_for_the_number_of_pages(report: MonthlyReport) -> None:
    """Neither what the library usually puts in its place, nor what is put there here."""
    label = "{nb} \N{WORD JOINER}\N{INVISIBLE TIMES}\N{WORD JOINER}"
    texts = texts_of_pdf(pdf_report(replace(report, label=label), is_compressed=False))
    assert "AI usage of {nb} " + 3 * "\N{REPLACEMENT CHARACTER}" + " in February 2026" == texts[0]
    assert 2 == sum(text.endswith(" / ") for text in texts), "control: the number itself is drawn apart"
