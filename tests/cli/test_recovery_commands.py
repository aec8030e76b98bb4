"""`backup` and `recover`: a home whose store is put back from a copy."""

from __future__ import annotations

import shutil
from pathlib import Path

from nostr_usage.cli.output import ExitCode
from tests.cli.test_cli_with_relays import run, run_json
from tests.relay_process import relay_process


def put_back(home: Path, copy: Path) -> None:
    """Restore as `backup --help` says."""
    for path in home.glob("ledger.sqlite*"):
        path.unlink()
    shutil.copy(copy, home / "ledger.sqlite")


def record(home: Path, key: str, *, code: ExitCode = ExitCode.DONE) -> str:
    """One chat; what was said."""
    said = run(home, "record", "alice", "magic-mentor", "--tokens", "247", "--key", key, code=code)
    return said.stdout + said.stderr


def entry_ids(home: Path) -> list[str]:
    """The entries of the account, newest first."""
    return [row["entry_id"] for row in run_json(home, "history", "alice")]


def test_a_backup_is_made_put_back_and_recovered(tmp_path: Path) -> None:
    """Between restoring and recovering nothing is signed; afterwards the keys of the lost time are known."""
    home = tmp_path / "home"
    with relay_process(tmp_path / "relay.db") as relay:
        run(home, "init", "--relay", relay)
        run(home, "account", "new", "alice")
        record(home, "one")
        run(home, "backup", str(tmp_path / "copy.sqlite"))
        record(home, "two")
        run(home, "publish")
        whole = entry_ids(home)
        put_back(home, tmp_path / "copy.sqlite")
        assert "nostr-usage recover" in record(home, "three", code=ExitCode.BAD_HOME)
        assert "signs nothing" in run(home, "doctor", code=ExitCode.PROBLEMS).stdout
        assert {"entries": 1, "obstacles": [], "is_done": True} == run_json(home, "recover")
        record(home, "two")
        assert whole == entry_ids(home)
        record(home, "three")
        run(home, "publish")
    run(home, "recover", code=ExitCode.PROBLEMS)
    assert "nostr-usage recover" in record(home, "four", code=ExitCode.BAD_HOME)


def test_publishing_notices_an_older_copy(tmp_path: Path) -> None:
    """A store that was copied by hand has no mark, but its relays know better."""
    home = tmp_path / "home"
    with relay_process(tmp_path / "relay.db") as relay:
        run(home, "init", "--relay", relay)
        run(home, "account", "new", "alice")
        shutil.copy(home / "ledger.sqlite", tmp_path / "copy.sqlite")
        record(home, "one")
        run(home, "publish")
        put_back(home, tmp_path / "copy.sqlite")
        refused = run(home, "publish", code=ExitCode.BAD_HOME)
        assert "older copy" in refused.stderr
        run(home, "recover")
        run(home, "publish")


def test_a_backup_of_nothing_is_an_error(tmp_path: Path) -> None:
    """No home, no copy."""
    run(tmp_path / "home", "backup", str(tmp_path / "copy.sqlite"), code=ExitCode.BAD_HOME)
    assert not (tmp_path / "copy.sqlite").exists()
