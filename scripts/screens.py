"""Every screen of the dashboard on the made-up ledger: as pictures for the documentation, as text for tests.

`python -m scripts.screens` renders all of them anew. The same in every run: clock, keys and answers of relays
are made up, and what belongs to one machine is left out.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from nostr_usage.ledger.entry import AccountId
from nostr_usage.proof.relay_health import RelayHealth
from nostr_usage.relays.canary import CanaryReading, CanaryReport, Sight
from nostr_usage.relays.condition import RelayCondition
from nostr_usage.wiring import open_reader
from tests.tui.made_snapshots import screen_text, settled
from tui.contracts import Options
from tui.dashboard import DashboardApp
from tui.demo import NOW, demo_home
from tui.look import Look
from tui.relay_work import RelaysKnown, RelayWork
from tui.snapshot import Feed, FeedState
from tui.source import LedgerSource
from tui.text_report import report_lines

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "screens"
GOLDENS = ROOT / "tests" / "tui" / "goldens"
SIZES = ((80, 24), (120, 40))
THEMES = (("dark", "credits-dark"), ("light", "credits-light"))
# In which theme a screen of that size is compared by tests; the others are the same code in other colours.
SHADE_OF = {SIZES[0]: "dark", SIZES[1]: "light"}
REPORTS = (("once.txt", False), ("once-ascii.txt", True))
_TRIPS_MS = (38, 112)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What to show: an account, and the keys that lead there."""

    name: str
    account: str = "alice"
    keys: tuple[str, ...] = ()


SCENES = (
    Scene(name="balance"),
    Scene(name="low-balance", account="bob"),
    Scene(name="enough-for", account="bob", keys=("l",)),
    Scene(name="why", keys=("w",)),
    Scene(name="usage", keys=("2",)),
    Scene(name="usage-balance", keys=("2", "v")),
    Scene(name="usage-days", keys=("2", "v", "v")),
    Scene(name="usage-value", keys=("2", "v", "v", "v")),
    Scene(name="usage-dearest", keys=("2", "v", "v", "v", "v")),
    Scene(name="history", keys=("3", "slash", *"type:quiz-generation tokens>300", "enter", "down")),
    Scene(name="export", keys=("3", "e")),
    Scene(name="proof", keys=("3", "down", "enter")),
    Scene(name="relays", keys=("4", "down")),
    Scene(name="give", keys=("4", "down", "p")),
    Scene(name="audit", keys=("V",)),
    Scene(name="past", keys=("3", "down", "down", "b")),
    Scene(name="reset", keys=("m",)),
    Scene(name="accounts", keys=("a",)),
    Scene(name="settings", keys=("comma",)),
    Scene(name="help", keys=("question_mark",)),
)


class MadeUpSource(LedgerSource):
    """The made-up ledger, and a machine that is as made up."""

    def diagnostics(self) -> tuple[tuple[str, str], ...]:
        """What a bug report says, of no machine that there is."""
        kept = {"Role", "Kinds", "Catalogue", "Entries", "Relay"}
        facts = [fact for fact in super().diagnostics() if fact[0] in kept]
        return (("nostr-usage", "0.1.0"), ("Python", "3.11 on Linux"), ("Home", "~/ledger"), *facts)


class MadeUpRelays(RelayWork):
    """Relays that answer at once, though nobody is asked."""

    def known(self, account: AccountId | None) -> RelaysKnown:
        """What the store says, and what relays would answer."""
        known = super().known(account)
        reading = CanaryReading(sight=Sight.SERVED)
        canary = CanaryReport(
            event_id="0" * 64,
            sent_at=NOW,
            is_accepted=True,
            said="",
            anonymous=reading,
            other=reading,
            author=reading,
        )
        health = tuple(
            RelayHealth(
                url=one.url,
                condition=RelayCondition.ANSWERED,
                round_trip_ms=trip_ms,
                waiting=one.waiting,
                refused=one.refused,
                canary=canary,
            )
            for one, trip_ms in zip(known.health, _TRIPS_MS, strict=True)
        )
        return RelaysKnown(health=health, coverage=known.coverage)


@contextmanager
def made_up_source() -> Generator[MadeUpSource]:
    """The made-up ledger, read for the dashboard."""
    with (
        demo_home() as (home, clock),
        open_reader(home) as opened,
        closing(MadeUpSource(opened, clock=clock)) as source,
    ):
        yield source


async def render(source: LedgerSource, scene: Scene, size: tuple[int, int], theme: str) -> tuple[str, str]:
    """One screen as SVG, and its text."""
    app = DashboardApp(
        source,
        account=source.chosen_account(scene.account),
        clock=source.clock,
        feed=FeedState(feed=Feed.LIVE),
        options=Options(theme=theme),
        relay_work=MadeUpRelays(source.opened, clock=source.clock),
    )
    async with app.run_test(size=size) as pilot:
        await settled(app, pilot)
        for key in scene.keys:
            await pilot.press(key)
            await settled(app, pilot)
        await settled(app, pilot)
        return _clean(app.export_screenshot(title="nostr-usage")), _clean(screen_text(app))


def report_text(source: LedgerSource, *, is_ascii: bool) -> str:
    """What `--once` prints of alice."""
    account = source.chosen_account("alice")
    assert account is not None, "alice is in the made-up ledger"
    feed = FeedState(feed=Feed.OFFLINE, reason="the store only")
    return _clean("\n".join(report_lines(source.snapshot(account), feed, Look(is_ascii=is_ascii))))


def text_name(scene: Scene, size: tuple[int, int]) -> str:
    """The file of a screen's text."""
    return f"{scene.name}-{size[0]}x{size[1]}.txt"


def picture_name(scene: Scene, size: tuple[int, int], shade: str) -> str:
    """The file of a screen's picture."""
    return f"{scene.name}-{size[0]}x{size[1]}-{shade}.svg"


def _clean(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def main() -> None:
    """Write every picture and every text."""
    for directory in (PICTURES, GOLDENS):
        directory.mkdir(parents=True, exist_ok=True)
        for old in directory.iterdir():
            old.unlink()
    with made_up_source() as source:
        for name, is_ascii in REPORTS:
            (GOLDENS / name).write_text(report_text(source, is_ascii=is_ascii), encoding="utf-8")
        for scene, size, (shade, theme) in product(SCENES, SIZES, THEMES):
            picture, text = asyncio.run(render(source, scene, size, theme))
            (PICTURES / picture_name(scene, size, shade)).write_text(picture, encoding="utf-8")
            if shade == SHADE_OF[size]:
                (GOLDENS / text_name(scene, size)).write_text(text, encoding="utf-8")
            print(scene.name, *size, shade)


if __name__ == "__main__":
    sys.exit(main())
