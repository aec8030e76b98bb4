"""The real thing: a relay, an operator, a follower's dashboard in a terminal; needs tmux."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from nostr_usage.clock import SystemClock
from nostr_usage.embedded import EmbeddedRelay
from nostr_usage.enrolment import enrol
from nostr_usage.founding import NewLedger, create_follower_home, create_operator_home
from nostr_usage.home import Home, Role, Settings
from nostr_usage.ledger.entry import AccountId
from nostr_usage.publish import publish_due
from nostr_usage.wiring import (
    OperatorHome,
    connection_policy,
    open_operator,
    relay_set_at,
    write_urls,
)
from nostr_usage.writing.request import Action

TMUX = shutil.which("tmux")
PATIENCE_S = 30.0
LOOK_S = 0.1

pytestmark = pytest.mark.skipif(TMUX is None, reason="tmux is not installed")


class Terminal:
    """A terminal that runs the dashboard, typed at and looked at from outside."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def start(self, command: str, *, width: int, height: int) -> None:
        """Run `command` in a terminal of that size."""
        await self._tmux("new-session", "-d", "-x", str(width), "-y", str(height), command)

    async def type(self, *keys: str) -> None:
        """Press keys."""
        await self._tmux("send-keys", *keys)

    async def resize(self, width: int, height: int) -> None:
        """Change the size, as somebody drags a corner."""
        await self._tmux("resize-window", "-x", str(width), "-y", str(height))

    async def shown(self, *texts: str) -> str:
        """What is on screen, as soon as all `texts` are."""
        end, screen = time.monotonic() + PATIENCE_S, ""
        while time.monotonic() < end:
            screen = await self._tmux("capture-pane", "-p")
            if all(text in screen for text in texts):
                return screen
            await asyncio.sleep(LOOK_S)
        raise AssertionError(f"{texts} not shown within {PATIENCE_S} s:\n{screen}")

    async def stop(self) -> None:
        """Close the terminal, whatever runs there."""
        await self._tmux("kill-server")

    async def _tmux(self, *arguments: str) -> str:
        assert TMUX is not None, "these tests are skipped without it"
        process = await asyncio.create_subprocess_exec(
            TMUX,
            "-f",
            os.devnull,
            "-S",
            str(self._socket),
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            # Some shells export the size that they began with, which must not hold.
            env={
                **os.environ,
                "LC_ALL": "C.UTF-8",
                "TERM": "xterm-256color",
                "COLUMNS": "80",
                "LINES": "24",
            },
        )
        output, _ = await process.communicate()
        return output.decode()


@pytest.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[Terminal]:
    """A terminal that is closed in the end."""
    opened = Terminal(tmp_path / "tmux")
    yield opened
    await opened.stop()


def act(opened: OperatorHome, account: AccountId, key: str) -> None:
    """A match: 300 tokens."""
    opened.recorder.record(Action(account=account, activity="profile-matching", key=key))


async def publish(opened: OperatorHome) -> None:
    """Send what is queued."""
    urls = write_urls(opened.relays)
    await publish_due(
        opened.store,
        relays=urls,
        policy=connection_policy(urls),
        clock=SystemClock(),
        random=Random(1),
        signer=opened.operator.signer,
    )


async def test_a_published_entry_changes_the_balance_on_screen(tmp_path: Path, terminal: Terminal) -> None:
    """From the operator's record through a relay to a follower's screen; it survives resizing, and quits."""
    async with EmbeddedRelay(tmp_path / "relay.sqlite") as relay:
        relays = relay_set_at((relay.url,))
        operator_home, follower_home = Home(tmp_path / "operator"), Home(tmp_path / "follower")
        new = NewLedger(relays=relays, catalogue="transparency", descriptions="sealed", kind=30078)
        settings = create_operator_home(operator_home, new, clock=SystemClock())
        with open_operator(operator_home) as opened:
            enrolment = enrol(opened.recorder, opened.secrets, entropy=os.urandom, plan="standard")
            account = enrolment.account
            act(opened, account, "first")
            await publish(opened)
            followed = Settings(
                role=Role.FOLLOWER,
                root_pubkey=settings.root_pubkey,
                ledger_pubkey=settings.ledger_pubkey,
                ledger_id=settings.ledger_id,
                kinds=settings.kinds,
                account=account,
            )
            create_follower_home(follower_home, followed, relays=relays)
            code = "from tui.app import main; main()"
            await terminal.start(
                f"{sys.executable} -c '{code}' --home {follower_home.path}", width=80, height=24
            )
            await terminal.shown("4,700 tokens", "LIVE", "relays 1/1")
            act(opened, account, "second")
            await publish(opened)
            await terminal.shown("4,400 tokens")
            await terminal.resize(40, 12)
            await terminal.shown("4,400 tokens", "Enlarge")
            await terminal.resize(200, 60)
            await terminal.shown("4,400 tokens", "Recent activity", "Quit")
            await terminal.type("3")
            await terminal.shown("entries, which add up to 4,400")
            await terminal.type("Enter")
            await terminal.shown("VALID", "arithmetic")
            await terminal.type("Escape")
            await terminal.type("q")
