"""A real store for whole screens: the made-up ledger, copied for tests that write."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from nostr_usage.clock import ManualClock
from nostr_usage.home import Home
from nostr_usage.wiring import open_reader
from tui.demo import NOW, build_demo
from tui.source import LedgerSource


@pytest.fixture(scope="session")
def demo_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of the made-up ledger; only read."""
    path = tmp_path_factory.mktemp("demo") / "home"
    build_demo(Home(path))
    return path


@pytest.fixture
def demo_home(demo_path: Path, tmp_path: Path) -> Home:
    """A copy of it."""
    shutil.copytree(demo_path, tmp_path / "home")
    return Home(tmp_path / "home")


@pytest.fixture
def source(demo_home: Home) -> Iterator[LedgerSource]:
    """What the dashboard reads of the copy."""
    with ExitStack() as stack:
        opened = stack.enter_context(open_reader(demo_home))
        yield stack.enter_context(closing(LedgerSource(opened, clock=ManualClock(NOW))))
