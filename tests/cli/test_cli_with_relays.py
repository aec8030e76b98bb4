"""The commands that talk to relays, against relays in processes of their own."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import pytest

from nostr_usage.cli.output import ExitCode
from tests.relay_process import COMMAND, relay_process

TRACE = """TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:17:03.9799600,4808,10
2023-11-16 18:17:04.0319600,3180,8
2023-11-16 18:17:04.0781490,110,27
2023-11-16 18:18:04.1206440,7433,14
"""


def run(home: Path, *arguments: str, code: ExitCode = ExitCode.DONE) -> subprocess.CompletedProcess[str]:
    """One command, which must end with `code`."""
    finished = subprocess.run(
        [*COMMAND, "--home", str(home), *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert code == finished.returncode, finished.stdout + finished.stderr
    assert "Traceback" not in finished.stderr
    return finished


def run_json(home: Path, *arguments: str, code: ExitCode = ExitCode.DONE) -> Any:  # any JSON
    """What one command prints as JSON."""
    return json.loads(run(home, *arguments, "--json", code=code).stdout)


@pytest.fixture(scope="module")
def relays(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[str, str]]:
    """Two relays."""
    directory = tmp_path_factory.mktemp("relays")
    with ExitStack() as stack:
        first, second = (stack.enter_context(relay_process(directory / f"{n}.sqlite")) for n in (1, 2))
        yield first, second


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory, relays: tuple[str, str]) -> Path:
    """An operator's home with a replayed trace, published."""
    directory = tmp_path_factory.mktemp("operator")
    home, trace = directory / "home", directory / "trace.csv"
    trace.write_text(TRACE)
    run(home, "init", "--relay", relays[0], "--relay", relays[1])
    run(home, "replay", str(trace), "--accounts", "2")
    run(home, "publish")
    return home


def root_of(home: Path) -> str:
    """The root key that readers pin."""
    settings = (home / "settings.toml").read_text()
    return next(line.split('"')[1] for line in settings.splitlines() if line.startswith("root_pubkey"))


def tokens(home: Path) -> dict[str, int]:
    """Tokens by account."""
    return {row["account"]: row["tokens"] for row in run_json(home, "account", "list")}


@pytest.fixture
def follower(tmp_path: Path, operator: Path, relays: tuple[str, str]) -> Path:
    """A home that knows the root key and the relays, and has fetched nothing yet."""
    home = tmp_path / "follower"
    run(home, "follow", root_of(operator), "--relay", relays[0], "--relay", relays[1])
    return home


def test_balances_are_rebuilt_from_the_relays(operator: Path, follower: Path) -> None:
    """A reader who knows only the root key ends with the operator's own figures."""
    run(follower, "sync")
    assert tokens(operator) == tokens(follower)
    assert 2 == len(tokens(follower))


def test_second_sync_brings_nothing(follower: Path) -> None:
    """What is held is not fetched and not counted again."""
    run(follower, "sync")
    assert "0 new entries" in run(follower, "sync").stdout


def test_follower_home_holds_no_secret(follower: Path) -> None:
    """Reading needs no key, so there is none to lose; writing is refused."""
    assert [] == list((follower / "keys").iterdir())
    refused = run(follower, "grant", "x", "1", "--source", "gift", "--key", "k", code=ExitCode.BAD_HOME)
    assert "follows a ledger" in refused.stderr


def test_manifest_leads_from_the_root_key_to_the_ledger_key(operator: Path, follower: Path) -> None:
    """The follower's settings name the ledger key that the root key vouched for, and the ledger's id."""
    ours, theirs = ((home / "settings.toml").read_text() for home in (operator, follower))
    for name in ("ledger_pubkey", "ledger_id"):
        assert [line for line in ours.splitlines() if line.startswith(name)] == [
            line for line in theirs.splitlines() if line.startswith(name)
        ]


def test_replay_goes_on_where_it_was(operator: Path, tmp_path: Path) -> None:
    """A replay of the same trace charges nothing twice."""
    trace = tmp_path / "trace.csv"
    trace.write_text(TRACE)
    before = tokens(operator)
    report = run_json(operator, "replay", str(trace), "--accounts", "2")
    assert (0, 0) == (report["charged"], report["bought"])
    assert before == tokens(operator)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,b,c\n", "line 1"),
        ("TIMESTAMP,ContextTokens,GeneratedTokens\n", "no requests"),
        ("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,-1,1\n", "line 2"),
        ("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,NaN,1\n", "line 2"),
        ("TIMESTAMP,ContextTokens,GeneratedTokens\nyesterday,1,1\n", "line 2"),
        ("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,1\n", "line 2"),
    ],
)
def test_bad_traces_are_named_by_line(operator: Path, tmp_path: Path, text: str, reason: str) -> None:
    """A trace that cannot be read charges nothing and says where it is wrong."""
    trace = tmp_path / "trace.csv"
    trace.write_text(text)
    before = tokens(operator)
    assert reason in run(operator, "replay", str(trace), code=ExitCode.BAD_INPUT).stderr
    assert before == tokens(operator)


def test_unknown_model_of_a_replay_is_refused(operator: Path, tmp_path: Path) -> None:
    """A model without a price charges nothing at all."""
    trace = tmp_path / "trace.csv"
    trace.write_text(TRACE.replace("4808", "4809"))
    refused = run(operator, "replay", str(trace), "--model", "no-such-model", code=ExitCode.REFUSED)
    assert "no-such-model" in refused.stderr


def test_publish_without_relays_loses_nothing(tmp_path: Path) -> None:
    """Nobody listens: exit code 4, and everything is still queued."""
    home = tmp_path / "home"
    run(home, "init", "--relay", "ws://127.0.0.1:9")
    run(home, "account", "new", "alice")
    report = run_json(home, "publish", code=ExitCode.NO_RELAY)
    assert "unreachable" == report["relays"][0]["condition"]
    # The manifest, and the account's opening, plan and first allowance.
    counted = run_json(home, "doctor", "--offline")
    assert any("4 deliveries wait" in finding["message"] for finding in counted)


def test_sync_without_relays_changes_nothing(operator: Path, tmp_path: Path) -> None:
    """No relay can be read: exit code 4, and that is not taken for an empty ledger."""
    home = tmp_path / "reader"
    refused = run(home, "follow", root_of(operator), "--relay", "ws://127.0.0.1:9", code=ExitCode.NO_RELAY)
    assert "no relay could be read" in refused.stderr
    assert not (home / "settings.toml").exists()


@pytest.mark.parametrize("text", ["npub1nonsense", "nsec1" + "q" * 58, "zz" * 32])
def test_follow_needs_a_public_key(tmp_path: Path, text: str) -> None:
    """Anything else is refused, and a secret key is not repeated on the screen."""
    refused = run(tmp_path / "home", "follow", text, code=ExitCode.BAD_INPUT)
    assert text[5:] not in refused.stderr or not text.startswith("nsec")


@pytest.mark.parametrize("url", ["http://relay.example", "wss://", "relay.example", "ws://a b"])
def test_follow_needs_relay_urls(tmp_path: Path, operator: Path, url: str) -> None:
    """A URL that is none is named, and no home is made."""
    refused = run(tmp_path / "home", "follow", root_of(operator), "--relay", url, code=ExitCode.BAD_INPUT)
    assert "URL" in refused.stderr
    assert not (tmp_path / "home" / "settings.toml").exists()


def test_doctor_finds_nothing_wrong_here(operator: Path) -> None:
    """Keys, store, catalogue and both relays are as they should be."""
    findings = cast("list[dict[str, str]]", run_json(operator, "doctor"))
    assert [] == [finding for finding in findings if finding["outcome"] == "wrong"]
    assert 2 == sum(finding["subject"].startswith("ws://") for finding in findings)


def test_doctor_finds_a_key_that_others_may_read(tmp_path: Path) -> None:
    """A key file with an open mode is wrong, and the command that mends it is named."""
    home = tmp_path / "home"
    run(home, "init", "--relay", "ws://127.0.0.1:9")
    (home / "keys" / "ledger.key").chmod(0o644)
    findings = run_json(home, "doctor", "--offline", code=ExitCode.PROBLEMS)
    wrong = [finding for finding in findings if finding["outcome"] == "wrong"]
    assert ["ledger key"] == [finding["subject"] for finding in wrong]
    assert "chmod 600" in wrong[0]["advice"]


def test_doctor_finds_unreachable_relays(tmp_path: Path) -> None:
    """A relay that does not answer is wrong; the rest is still checked."""
    home = tmp_path / "home"
    run(home, "init", "--relay", "ws://127.0.0.1:9")
    findings = run_json(home, "doctor", code=ExitCode.PROBLEMS)
    assert ["ws://127.0.0.1:9/"] == [row["subject"] for row in findings if row["outcome"] == "wrong"]


def test_doctor_without_a_home_says_how_to_make_one(tmp_path: Path) -> None:
    """The first thing that a newcomer does wrong has an answer."""
    result = run(tmp_path / "nowhere", "doctor", code=ExitCode.PROBLEMS)
    assert "nostr-usage init" in result.stdout


def test_relay_stops_when_it_is_interrupted(tmp_path: Path) -> None:
    """Ctrl-C ends a relay in order, without a traceback."""
    command = [*COMMAND, "relay", "--port", "0", "--db", str(tmp_path / "relay.sqlite")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "relay on ws://127.0.0.1:" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert (0, "") == (process.returncode, errors)


def test_relay_on_a_taken_port_says_so(tmp_path: Path, relays: tuple[str, str]) -> None:
    """Two relays cannot have one port; the second says what to do."""
    port = relays[0].rsplit(":", 1)[1]
    refused = run(
        tmp_path, "relay", "--port", port, "--db", str(tmp_path / "r.sqlite"), code=ExitCode.BAD_INPUT
    )
    assert "--port" in refused.stderr


def test_publish_watch_ends_in_order(operator: Path) -> None:
    """Watching goes on until it is interrupted, and then leaves nothing half done."""
    command = [*COMMAND, "--home", str(operator), "publish", "--watch"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "publishing to 2 relays" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert (ExitCode.INTERRUPTED, "") == (process.returncode, errors.strip())
