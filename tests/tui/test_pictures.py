"""Every screen looks as in the documentation, and says what it said, on the made-up ledger.

What is meant to change is renewed with `scripts/screenshots`, and then read in the diff.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest

from nostr_usage.clock import ManualClock
from nostr_usage.home import Home
from nostr_usage.wiring import open_reader
from scripts.screens import (
    GOLDENS,
    PICTURES,
    REPORTS,
    SCENES,
    SHADE_OF,
    SIZES,
    THEMES,
    MadeUpSource,
    Scene,
    picture_name,
    render,
    report_text,
    text_name,
)
from tui.demo import NOW

SHADES = dict(THEMES)


@pytest.fixture(scope="module")
def made_up(demo_path: Path) -> Iterator[MadeUpSource]:
    """The made-up ledger; only read."""
    with (
        open_reader(Home(demo_path)) as opened,
        closing(MadeUpSource(opened, clock=ManualClock(NOW))) as source,
    ):
        yield source


@pytest.mark.parametrize(
    ("scene", "size"), product(SCENES, SIZES), ids=lambda value: getattr(value, "name", str(value))
)
async def test_screen_is_as_shown(made_up: MadeUpSource, scene: Scene, size: tuple[int, int]) -> None:
    """Letter by letter, and as a picture."""
    shade = SHADE_OF[size]
    picture, text = await render(made_up, scene, size, SHADES[shade])
    assert (GOLDENS / text_name(scene, size)).read_text(encoding="utf-8") == text
    # Too long for a diff: whether they are equal is all that pytest is to say.
    is_as_shown = (PICTURES / picture_name(scene, size, shade)).read_text(encoding="utf-8") == picture
    assert is_as_shown, f"{picture_name(scene, size, shade)} is stale: run scripts/screenshots"


@pytest.mark.parametrize(("name", "is_ascii"), REPORTS)
def test_report_is_as_shown(made_up: MadeUpSource, name: str, *, is_ascii: bool) -> None:
    """What a pipe gets, line by line."""
    assert (GOLDENS / name).read_text(encoding="utf-8") == report_text(made_up, is_ascii=is_ascii)


def test_no_picture_is_of_a_screen_that_is_gone() -> None:
    """What is in the directories is what is rendered."""
    pictures = {
        picture_name(scene, size, shade) for scene, size, shade in product(SCENES, SIZES, dict(THEMES))
    }
    assert pictures == {path.name for path in PICTURES.iterdir()}
    texts = {text_name(scene, size) for scene, size in product(SCENES, SIZES)} | {name for name, _ in REPORTS}
    assert texts == {path.name for path in GOLDENS.iterdir()}


async def test_the_comparison_notices_a_figure(made_up: MadeUpSource) -> None:
    """Control: another account has another text and another picture."""
    alice, bob = SCENES[0], SCENES[1]
    assert await render(made_up, alice, SIZES[0], SHADES["dark"]) != await render(
        made_up, bob, SIZES[0], SHADES["dark"]
    )
