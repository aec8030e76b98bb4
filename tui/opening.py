"""Lending the terminal to the user's pager, and saying why not where that cannot be."""

from __future__ import annotations

from typing import cast

from textual.app import App, SuspendNotSupported
from textual.dom import DOMNode

from nostr_usage.errors import InputError
from tui.look import Look
from tui.paging import page


def open_in_pager(node: DOMNode, text: str, look: Look) -> None:
    """Show `text` in the pager until its user leaves it; the terminal is that of the app of `node`."""
    lender = cast("App[int]", node.app)  # pyright: ignore[reportUnknownMemberType]  # untyped App
    try:
        with lender.suspend():
            page(text)
    except SuspendNotSupported:
        lender.notify("This terminal cannot be lent to a pager.", severity="warning", markup=False)
    except InputError as error:
        said = look.text(f"{error.message}. {error.advice}")
        lender.notify(said, severity="warning", markup=False)
