"""Every screen at 80×24 and 120×40, dark and light, as SVG."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import product
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Nothing is installed where this runs straight from a checkout.
sys.path.insert(0, str(ROOT))

from nostr_usage.wiring import open_reader  # noqa: E402  # see above
from tui.contracts import Options  # noqa: E402  # see above
from tui.dashboard import DashboardApp  # noqa: E402  # see above
from tui.demo import demo_home  # noqa: E402  # see above
from tui.snapshot import Feed, FeedState  # noqa: E402  # see above
from tui.source import LedgerSource  # noqa: E402  # see above

SIZES = ((80, 24), (120, 40))
THEMES = (("dark", "credits-dark"), ("light", "credits-light"))


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
    Scene(name="history", keys=("3", "slash", *"type:quiz-generation tokens>300", "enter", "down")),
    Scene(name="proof", keys=("3", "down", "enter")),
    Scene(name="relays", keys=("4",)),
    Scene(name="past", keys=("3", "down", "down", "b")),
    Scene(name="reset", keys=("m",)),
    Scene(name="help", keys=("question_mark",)),
)


def shots() -> Iterator[tuple[Scene, tuple[int, int], str, str]]:
    """Every scene in every size and theme, with the name of its file."""
    for scene, size, (shade, theme) in product(SCENES, SIZES, THEMES):
        yield scene, size, theme, f"{scene.name}-{size[0]}x{size[1]}-{shade}.svg"


async def render(source: LedgerSource, scene: Scene, size: tuple[int, int], theme: str) -> str:
    """One screen as SVG."""
    app = DashboardApp(
        source,
        account=source.chosen_account(scene.account),
        clock=source.clock,
        feed=FeedState(feed=Feed.LIVE),
        options=Options(theme=theme),
    )
    async with app.run_test(size=size) as pilot:
        for key in scene.keys:
            await pilot.press(key)
            await app.workers.wait_for_complete()  # pyright: ignore[reportUnknownMemberType]  # untyped workers
            await pilot.pause()
        return app.export_screenshot(title="nostr-usage")


def main(directory: Path) -> None:
    """Write every file into `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    with demo_home() as (home, clock), open_reader(home) as opened:
        for scene, size, theme, name in shots():
            with closing(LedgerSource(opened, clock=clock)) as source:
                picture = asyncio.run(render(source, scene, size, theme))
            lines = (line.rstrip() for line in picture.splitlines())
            (directory / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
            print(name)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screens")
