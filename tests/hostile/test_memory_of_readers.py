"""What a relay sends does not decide how much memory a reader takes."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from tests.hostile import false_frames
from tests.hostile.ledger_under_attack import LedgerUnderAttack
from tests.hostile.reading_process import FRAME_LIMIT, STATUS
from tests.hostile.scripting import Script
from tests.scripted_relay import ScriptedRelay

GROWTH_BYTES_MAX = 64 * 1024 * 1024
PATIENCE_S = 60.0

pytestmark = pytest.mark.skipif(not STATUS.exists(), reason="this system does not tell a process's peak")


@pytest.mark.parametrize(
    "script",
    [
        false_frames.huge_frame,
        false_frames.compression_bomb,
        false_frames.flood_of_events,
        false_frames.flood_before_the_events,
        false_frames.flood_of_large_events,
        false_frames.notices_without_end,
    ],
    ids=lambda script: script.__name__,
)
async def test_a_reader_grows_by_less_than_64_mib(
    script: Script, ledger: LedgerUnderAttack, tmp_path: Path
) -> None:
    """Whatever comes: frames, bombs, and floods of large and small events."""
    compression = "deflate" if script is false_frames.compression_bomb else None
    async with ScriptedRelay(compression=compression) as hostile, ScriptedRelay() as honest:
        script(hostile, ledger)
        honest.hold(*ledger.all_events)
        growth = await growth_bytes(tmp_path, ledger.pubkey, honest.url, hostile.url)
    assert growth < GROWTH_BYTES_MAX


async def growth_bytes(directory: Path, pubkey: str, honest: str, hostile: str) -> int:
    """By how much a reader's peak grows."""
    reading = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.hostile.reading_process", str(directory), pubkey, honest, hostile),
        cwd=Path(__file__).parent.parent.parent,
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE_S):
        told, _ = await reading.communicate()
    assert 0 == reading.returncode
    found: dict[str, int] = json.loads(told)
    return found["growth_bytes"]


async def test_a_reader_without_limits_would_grow(
    ledger: LedgerUnderAttack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: with a larger limit on frames, the same frame is taken, and is seen in the figure."""
    monkeypatch.setenv(FRAME_LIMIT, str(256 * 1024 * 1024))
    async with ScriptedRelay() as hostile, ScriptedRelay() as honest:
        false_frames.huge_frame(hostile, ledger)
        honest.hold(*ledger.all_events)
        growth = await growth_bytes(tmp_path, ledger.pubkey, honest.url, hostile.url)
    assert growth > false_frames.HUGE_FRAME_BYTES
