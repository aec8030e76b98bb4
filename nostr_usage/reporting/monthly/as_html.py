"""A report as one HTML file: no scripts, nothing fetched, every text escaped; light, dark, and on paper.

Text becomes markup in one place only: whatever is put into an element and is not `Markup` already is escaped.
The page forbids by its own policy whatever is not its one style sheet, should that ever fail.
"""

from __future__ import annotations

import base64
import hashlib
import html

from nostr_usage.reporting.monthly.figures import MonthlyReport
from nostr_usage.reporting.monthly.html_style import STYLE
from nostr_usage.reporting.monthly.wording import Chapter, Document, Plot, Table, document_of

_PLOT_HEIGHT, _BAR_WIDTH, _BAR_GAP = 120, 16, 6
_VOID = frozenset({"meta", "rect", "line"})


class Markup(str):
    """Text that is markup already; everything else is escaped."""

    __slots__ = ()


def element(name: str, /, *children: str, **attributes: str | int) -> Markup:
    """An element; `class_` is `class`, and other underscores are hyphens."""
    stated = "".join(
        f' {attribute.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for attribute, value in attributes.items()
    )
    if name in _VOID and not children:
        return Markup(f"<{name}{stated}>" if name == "meta" else f"<{name}{stated}/>")
    return Markup(f"<{name}{stated}>{together(*children)}</{name}>")


def together(*children: str) -> Markup:
    """Some texts and elements, one after the other."""
    return Markup("".join(child if isinstance(child, Markup) else html.escape(child) for child in children))


def html_report(report: MonthlyReport) -> str:
    """The report as a whole HTML document."""
    document = document_of(report)
    style_hash = base64.b64encode(hashlib.sha256(STYLE.encode("utf-8")).digest()).decode("ascii")
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element(
            "meta",
            http_equiv="Content-Security-Policy",
            content=f"default-src 'none'; style-src 'sha256-{style_hash}'",
        ),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", document.title),
        element("style", Markup(STYLE)),
    )
    return f"<!doctype html>\n{element('html', head, _body(document), lang='en')}\n"


def _body(document: Document) -> Markup:
    several = len(document.chapters) > 1
    return element(
        "body",
        element(
            "header",
            element("h1", document.title),
            *(element("p", warning, class_="warning", role="alert") for warning in document.warnings),
            element(
                "dl",
                *(together(element("dt", name), element("dd", value)) for name, value in document.facts),
            ),
        ),
        element("main", *(_chapter(chapter, has_title=several) for chapter in document.chapters)),
        element(
            "footer",
            element("h2", "How to verify it"),
            *(element("p", step) for step in document.steps),
            element("pre", "\n".join(document.commands)),
        ),
    )


def _chapter(chapter: Chapter, *, has_title: bool) -> Markup:
    return element(
        "section",
        *((element("h2", chapter.title, class_="meter"),) if has_title else ()),
        element("p", chapter.standing, class_="standing"),
        _table(chapter.sheet, class_="sheet"),
        *(_table(part, class_="part") for part in chapter.parts),
        _plot(chapter.plot),
        _table(chapter.entries, class_="entries"),
        *((element("p", chapter.note),) if chapter.note else ()),
    )


def _table(table: Table, *, class_: str) -> Markup:
    def row(cells: tuple[str, ...], name: str) -> Markup:
        return element(
            "tr", *(_cell(name, cell, is_number=at in table.right) for at, cell in enumerate(cells))
        )

    total = (element("tfoot", row(table.total, "td")),) if table.total else ()
    body = element("tbody", *(row(cells, "td") for cells in table.rows))
    head = element("thead", row(table.header, "th"))
    return element("table", element("caption", table.title), head, body, *total, class_=class_)


def _cell(name: str, text: str, *, is_number: bool) -> Markup:
    scope: dict[str, str | int] = {"scope": "col"} if name == "th" else {}
    if is_number:
        return element(name, text, class_="number", **scope)
    return element(name, text, **scope)


def _plot(plot: Plot) -> Markup:
    most = max(*plot.values, 1)
    step = _BAR_WIDTH + _BAR_GAP
    width = step * len(plot.values)
    bars = (
        element(
            "rect",
            element("title", label),
            x=number * step,
            y=_PLOT_HEIGHT - _height(tokens, most),
            width=_BAR_WIDTH,
            height=_height(tokens, most),
        )
        for number, (tokens, label) in enumerate(zip(plot.values, plot.labels, strict=True))
    )
    days = (
        element(
            "text",
            str(number + 1),
            x=number * step + _BAR_WIDTH // 2,
            y=_PLOT_HEIGHT + 16,
            text_anchor="middle",
        )
        for number in range(len(plot.values))
        if number == 0 or (number + 1) % 5 == 0
    )
    axis = element("line", x1=0, y1=_PLOT_HEIGHT, x2=width, y2=_PLOT_HEIGHT)
    drawing = element(
        "svg",
        element("title", f"{plot.title}: {plot.summary}"),
        *bars,
        axis,
        *days,
        viewBox=f"0 0 {width} {_PLOT_HEIGHT + 20}",
        role="img",
    )
    return element("figure", element("figcaption", plot.title), drawing, element("p", plot.summary))


def _height(tokens: int, most: int) -> int:
    """Of a bar: a day on which anything was used is never without one."""
    return max(_PLOT_HEIGHT * tokens // most, 1) if tokens > 0 else 0
