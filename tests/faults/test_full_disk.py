"""A full disk: every call answers, nothing acknowledged is lost, and it goes on when there is room."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.acknowledging import UNHURT, found_ledger
from tests.faults.crashes import start
from tests.faults.full_disk import (
    AFTERWARDS,
    REFUSALS,
    RELAYS,
    FullDiskReport,
    fill,
    fill_limited,
    small_disk,
)

DISK_BYTES = 4_000_000
BALLAST_BYTES = 600_000


def fill_small_disk(directory: Path, *, is_hasty: bool) -> FullDiskReport:
    """Fill a small disk, of which a file that is of no use takes a part."""
    found_ledger(directory, relays=RELAYS)
    ballast = directory / "ballast"
    ballast.write_bytes(bytes(BALLAST_BYTES))
    return fill(directory, make_room=ballast.unlink, is_hasty=is_hasty)


@pytest.mark.parametrize("is_hasty", [False, True], ids=["real", "control"])
def test_a_full_disk_refuses_and_keeps(tmp_path: Path, *, is_hasty: bool) -> None:
    """What does not fit is refused with advice; control: a program that says yes too early loses it."""
    with small_disk(tmp_path / "disk", size_bytes=DISK_BYTES) as why_not:
        if why_not:
            pytest.skip(why_not)
        report = fill_small_disk(tmp_path / "disk", is_hasty=is_hasty)
    assert report.kept > 20
    assert all("full" in refusal and "Free some space" in refusal for refusal in report.refusals)
    assert is_hasty == bool(report.damage.lost)
    assert () == report.damage.unsound
    if not is_hasty:
        assert (REFUSALS, AFTERWARDS) == (len(report.refusals), report.kept_afterwards)
        assert report.is_readable
        assert UNHURT == report.damage


def test_files_that_may_not_grow_are_refused_and_keep(tmp_path: Path) -> None:
    """The same where a limit of the process (RLIMIT_FSIZE) stands for the disk."""
    report = start(fill_limited, tmp_path / "ledger")
    assert isinstance(report, FullDiskReport)
    assert report.kept > 20
    assert (REFUSALS, AFTERWARDS) == (len(report.refusals), report.kept_afterwards)
    assert all("Check the disk" in refusal or "Free some space" in refusal for refusal in report.refusals)
    assert UNHURT == report.damage
