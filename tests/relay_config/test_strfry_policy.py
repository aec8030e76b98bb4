"""The write policy for strfry: only listed authors, no deletions, and no mistake opens the relay."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from nostr_usage.embedded import RelayLimits
from relay_config.strfry import write_policy

LEDGER = "a" * 64
STRANGER = "b" * 64


def request(**event: object) -> str:
    """A line as strfry writes it."""
    fields = {"id": "1" * 64, "pubkey": LEDGER, "kind": 30_078} | event
    return json.dumps({"type": "new", "event": fields, "sourceType": "IP4", "sourceInfo": "127.0.0.1"})


def decision(line: str) -> tuple[str, str]:
    """What the policy says with the ledger's key listed."""
    answer = write_policy.answer(line, {LEDGER})
    assert answer is not None
    decided = json.loads(answer)
    assert "1" * 64 == decided["id"]
    return decided["action"], decided["msg"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (request(), ("accept", "")),
        (request(pubkey=STRANGER), ("reject", "blocked: only the keys of the ledger write here")),
        (request(kind=5), ("reject", "blocked: a ledger is not deleted")),
        (request(kind=62), ("reject", "blocked: a ledger is not deleted")),
        (request(kind=1985, pubkey=STRANGER), ("accept", "")),
        (request(kind=5, pubkey=STRANGER), ("reject", "blocked: a ledger is not deleted")),
        (request(pubkey=None), ("reject", "blocked: only the keys of the ledger write here")),
    ],
)
def test_who_writes_what(line: str, expected: tuple[str, str]) -> None:
    """Ledger keys write anything but deletions; strangers write labels only."""
    assert expected == decision(line)


@pytest.mark.parametrize(
    "line", ["", "x", "[]", "{}", '{"type":"new"}', '{"type":"old","event":{}}', "[" * 99_999]
)
def test_lines_that_are_no_new_event_are_passed_over(line: str) -> None:
    """Other messages may come one day; an answer to them would confuse strfry."""
    assert write_policy.answer(line, {LEDGER}) is None


def test_authors_are_read_from_a_file(tmp_path: Path) -> None:
    """One a line, with comments and blank lines."""
    path = tmp_path / "authors.txt"
    path.write_text(f"# ledger keys\n\n{LEDGER}  # since 2026\n  {STRANGER}\n")
    assert {LEDGER, STRANGER} == write_policy.read_authors(path)


def test_a_file_that_cannot_be_read_lists_nobody(tmp_path: Path) -> None:
    """A mistake must close the relay, not open it."""
    binary = tmp_path / "authors.txt"
    binary.write_bytes(b"\xff\xfe")
    assert frozenset() == write_policy.read_authors(binary)
    assert frozenset() == write_policy.read_authors(tmp_path / "missing.txt")


def test_a_new_key_needs_no_restart(tmp_path: Path) -> None:
    """The file is read again for every line."""
    path = tmp_path / "authors.txt"

    class Lines(io.StringIO):
        """Adds the key to the file after the first line was read."""

        def __next__(self) -> str:
            line = super().__next__()
            if self.tell() == len(self.getvalue()):
                path.write_text(LEDGER)
            return line

    answers = io.StringIO()
    write_policy.main(Lines(f"{request()}\n{request()}\n"), answers, path)
    assert ["reject", "accept"] == [json.loads(line)["action"] for line in answers.getvalue().splitlines()]


def test_the_script_runs_by_itself(tmp_path: Path) -> None:
    """Copied beside its list of authors, as its README says, with no package of ours in reach."""
    script = tmp_path / "write_policy.py"
    script.write_text(Path(write_policy.__file__).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "authors.txt").write_text(LEDGER)
    lines = f"{request()}\nnonsense\n{request(pubkey=STRANGER)}\n"
    done = subprocess.run(
        [sys.executable, "-I", str(script)], input=lines, capture_output=True, text=True, check=True
    )
    assert ["accept", "reject"] == [json.loads(line)["action"] for line in done.stdout.splitlines()]


def test_the_configuration_has_the_bounds_of_the_embedded_relay() -> None:
    """What is accepted there is accepted by strfry; only the past reaches further back."""
    text = Path(write_policy.__file__).with_name("strfry.conf").read_text(encoding="utf-8")
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    settings = dict(line.split(" = ", 1) for line in lines if " = " in line)
    limits = RelayLimits()
    assert limits.event_bytes_max == int(settings["maxEventSize"])
    assert limits.message_bytes_max == int(settings["maxWebsocketPayloadSize"])
    assert limits.future_s_max == int(settings["rejectEventsNewerThanSeconds"])
    assert limits.age_s_max < int(settings["rejectEventsOlderThanSeconds"])
    assert limits.events_per_filter_max == int(settings["maxFilterLimit"])
    assert limits.subscriptions_max == int(settings["maxSubsPerConnection"])
    assert limits.tag_value_bytes_max <= int(settings["maxTagValSize"])


def test_the_configuration_is_whole() -> None:
    """Blocks are closed, and no kind is kept from readers."""
    text = Path(write_policy.__file__).with_name("strfry.conf").read_text(encoding="utf-8")
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    assert sum(line.endswith("{") for line in lines) == lines.count("}")
    assert [] == [line for line in lines if "restrictedReadKinds" in line]
