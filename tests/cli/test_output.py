"""The one place that writes: alignment, safety, CSV, progress, exit codes."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass

import pytest

from nostr_usage import errors
from nostr_usage.cli.output import (
    ExitCode,
    Progress,
    exit_code_of,
    iso_time,
    moment,
    print_csv,
    print_json,
    print_line,
    print_table,
    token_rate,
)
from nostr_usage.errors import NostrUsageError
from tests.terminal import controls_in

HOSTILE = "a\x1b[2Jb\x07\u202ec\r\nd\x9b1m"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InputError("x"), ExitCode.BAD_INPUT),
        (errors.AmountError("x"), ExitCode.BAD_INPUT),
        (errors.UnknownNameError("sort", "x"), ExitCode.BAD_INPUT),
        (errors.DecryptionError("x"), ExitCode.BAD_INPUT),
        (errors.RefundError("x"), ExitCode.REFUSED),
        (errors.IdempotencyError("k", "id"), ExitCode.REFUSED),
        (errors.UnknownModelError("x"), ExitCode.REFUSED),
        (errors.RelayTimeoutError("wss://x", "y"), ExitCode.NO_RELAY),
        (errors.NewerDatabaseError("x"), ExitCode.BAD_HOME),
        (errors.WorkerError("x"), ExitCode.PROBLEMS),
        (NostrUsageError("x"), ExitCode.BAD_INPUT),
    ],
)
def test_every_error_has_an_exit_code(error: NostrUsageError, code: ExitCode) -> None:
    """By its class in the tree."""
    assert code == exit_code_of(error)


def test_lines_keep_their_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """Runs of spaces stay as they are, odd and even, in front and within."""
    print_line("  a   b    c")
    print_line()
    assert "  a   b    c\n\n" == capsys.readouterr().out


def test_nothing_printed_is_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines, tables and JSON: one line stays one line."""
    print_line(HOSTILE)
    print_table(("h",), [(HOSTILE,)])
    print_json({HOSTILE: HOSTILE})
    out = capsys.readouterr().out
    assert set() == controls_in(out)
    assert 1 + 2 + 3 == out.count("\n")
    assert controls_in(HOSTILE), "control: printed raw it would obey"


def test_tables_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    """Text to the left, numbers to the right, no spaces at the end."""
    print_table(("name", "n"), [("a", "5"), ("bcdef", "1,234")], right=(1,))
    assert ["name       n", "a          5", "bcdef  1,234"] == capsys.readouterr().out.splitlines()


def test_csv_cells_are_no_formulas(capsys: pytest.CaptureFixture[str]) -> None:
    """Texts that begin like one are quoted; numbers stay numbers, negative ones too."""
    print_csv(("a", "b"), [("=1+1", -5), ("x,y", 3), ("@z", 0)])
    assert ["a,b", "'=1+1,-5", '"x,y",3', "'@z,0"] == capsys.readouterr().out.split("\r\n")[:-1]


@dataclass(frozen=True)
class Point:
    """Something to print."""

    x: int


def test_json_takes_dataclasses_and_sequences(capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing that would be printed as its repr."""
    print_json({"point": Point(x=1), "set": frozenset({2})})
    assert {"point": {"x": 1}, "set": [2]} == json.loads(capsys.readouterr().out)
    with pytest.raises(TypeError):
        print_json(object())


def test_times_name_their_zone() -> None:
    """For people and for programs."""
    assert "2026-02-14 14:45:02 UTC" == moment(1_771_080_302)
    assert ("2026-02-14T14:45:02Z", None) == (iso_time(1_771_080_302), iso_time(None))


def test_rate_is_exact() -> None:
    """Cents at least, and no more zeros than that."""
    expected = {1_500_000: "0.0015", 10**8: "0.10", 10**10: "10.00", 1: "0.000000001", 0: "0.00"}
    assert expected == {value: token_rate(value) for value in expected}


class Screen(io.StringIO):
    """A terminal's stream."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_progress_is_shown_on_terminals_only() -> None:
    """Redrawn when the percentage changes, and wiped at the end."""
    for stream, is_shown in ((Screen(), True), (io.StringIO(), False)):
        with Progress("working", stream=stream) as progress:
            for done in range(1_001):
                progress.show(done, 1_000)
            progress.show(0, 0)
        text = stream.getvalue()
        assert is_shown == ("working" in text)
        assert text.count("\r") <= 103
        assert is_shown == text.endswith("\r\x1b[K")
