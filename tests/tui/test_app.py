"""The command: text where there is no terminal, sentences where there is nothing to show."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nostr_usage.cli.output import ExitCode
from nostr_usage.home import Home
from tui.app import execute
from tui.demo import build_demo


def test_pipe_gets_text_without_escapes(demo_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output is no terminal here, so nothing is drawn."""
    assert execute(["--home", str(demo_path), "alice"]) == ExitCode.DONE
    text = capsys.readouterr().out
    assert "Balance" in text
    assert "Recent activity" in text
    assert "\x1b" not in text


def test_ascii_report_is_ascii(demo_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Signs and minus have ASCII spellings."""
    assert execute(["--home", str(demo_path), "--once", "--ascii", "alice"]) == ExitCode.DONE
    assert capsys.readouterr().out.isascii()


def test_no_home_is_a_sentence_and_an_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is missing, and what to do."""
    assert execute(["--home", str(tmp_path / "none")]) == ExitCode.BAD_HOME
    error = capsys.readouterr().err
    assert "there is no home in" in error
    assert "nostr-usage init" in error


def test_unknown_account_is_a_sentence(demo_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that nobody has."""
    assert execute(["--home", str(demo_path), "--once", "nobody"]) == ExitCode.BAD_INPUT
    assert "unknown account 'nobody'" in capsys.readouterr().err


def test_several_accounts_ask_for_a_name(demo_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Text cannot offer a list to choose from."""
    assert execute(["--home", str(demo_path), "--once"]) == ExitCode.BAD_INPUT
    assert "alice" in capsys.readouterr().err


def test_bad_option_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """As the command line does it."""
    assert execute(["--no-such-option"]) == ExitCode.BAD_INPUT
    assert "No such option" in capsys.readouterr().err


def test_text_report_does_not_load_textual(demo_path: Path) -> None:
    """A pipe need not wait for a screen that is never drawn."""
    code = (
        "import sys; from tui.app import execute;"
        f"execute(['--home', {str(demo_path)!r}, 'alice']); sys.exit('textual' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_demo_is_the_same_in_every_run(
    tmp_path: Path, demo_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Screenshots change only when the dashboard does."""
    build_demo(Home(tmp_path / "again"))
    reports: list[str] = []
    for home in (demo_path, tmp_path / "again"):
        execute(["--home", str(home), "--once", "alice"])
        reports.append(capsys.readouterr().out.replace(str(home), ""))
    assert reports[0] == reports[1]
