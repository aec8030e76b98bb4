"""The README's commands, run for real as they are written, so that they cannot rot."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.command_line import ROOT, environment_with_commands

README = (ROOT / "README.md").read_text("utf-8")
TIMEOUT_S = 60


def shell_blocks(text: str) -> list[list[str]]:
    """The commands of each `sh` block, without comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [[re.sub(r"\s+#.*", "", line) for line in block.splitlines()] for block in blocks]


SCRIPTS, SERVICE, CUSTOMER = shell_blocks(README)


def replaced(line: str, replacements: Mapping[str, str]) -> str:
    """The line with what a person would put in its place."""
    for written, meant in replacements.items():
        line = line.replace(written, meant)
    return line


@contextmanager
def relay_of(line: str, environment: Mapping[str, str], directory: Path) -> Generator[str]:
    """The relay that a line of the README starts in the background, on a free port; gives its URL."""
    command = replaced(line, {"--port 7447": "--port 0 --json", " &": ""})
    with subprocess.Popen(
        ["bash", "-c", f"exec {command}"],
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            announced = ""
            while not announced.endswith("}\n"):
                read = process.stdout.readline()
                assert read, "the relay ended"
                announced += read
            yield str(json.loads(announced)["url"])
        finally:
            process.terminate()


def output_of(line: str, environment: Mapping[str, str], directory: Path) -> str:
    """What one line prints; it must succeed."""
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    assert 0 == done.returncode, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


def the_npub(text: str, label: str) -> str:
    """The npub on the line that has this label, or on the one after it."""
    found = re.search(rf"{label}\s+(npub1[a-z0-9]+)", text)
    assert found, text
    return found[1]


def test_a_service_and_its_customer(tmp_path: Path) -> None:
    """Line by line: the service records and publishes, and the customer finds the same balance."""
    common = environment_with_commands(tmp_path / "bin")
    service = common | {"NOSTR_USAGE_HOME": str(tmp_path / "service")}
    customer = common | {"NOSTR_USAGE_HOME": str(tmp_path / "customer")}
    start, *commands = SERVICE
    printed: dict[str, str] = {}
    with relay_of(start, service, tmp_path) as url:
        for line in commands:
            said = output_of(replaced(line, {"ws://127.0.0.1:7447": url}), service, tmp_path)
            printed[" ".join(line.split()[:2])] = said
        replacements = {
            "npub1…": the_npub(printed["nostr-usage init"], "root key"),
            "ws://…": url,
            "alice…": the_npub(printed["nostr-usage account"], "account 1 alice"),
        }
        for line in CUSTOMER:
            said = output_of(replaced(line, replacements), customer, tmp_path)
            printed[f"customer {' '.join(line.split()[:2])}"] = said

    balances = [printed[f"{who}nostr-usage balance"] for who in ("", "customer ")]
    tokens = [re.findall(r"balance +([0-9,]+) tokens", text) for text in balances]
    assert tokens[0] == tokens[1]
    assert 1 == len(tokens[0])
    assert 10_000 < int(tokens[0][0].replace(",", "")) < 5_000 + 5_800


def test_every_placeholder_is_known() -> None:
    """Whatever a reader has to fill in is one of three things, and all of them are used."""
    placeholders = {word for line in CUSTOMER for word in line.split() if "…" in word}
    assert {"npub1…", "ws://…", "alice…"} == placeholders
    assert not [line for line in SERVICE if "…" in line]


@pytest.mark.parametrize("line", SCRIPTS)
def test_the_two_commands_are_there(line: str) -> None:
    """Both can be started as they are written; other tests run what they do."""
    path = ROOT / line
    assert path.is_file()
    assert path.stat().st_mode & 0o111


def test_links_lead_somewhere() -> None:
    """Every file and folder that the README names is in the checkout."""
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [] == [link for link in links if not (ROOT / link).exists()]


def test_a_command_that_fails_is_noticed(tmp_path: Path) -> None:
    """Control: a command that the program does not know, and one without a home, end the test."""
    environment = environment_with_commands(tmp_path / "bin") | {"NOSTR_USAGE_HOME": str(tmp_path / "none")}
    for line in ("nostr-usage recrod alice", "nostr-usage balance"):
        with pytest.raises(AssertionError):
            output_of(line, environment, tmp_path)


def test_blocks_and_comments_are_told_apart() -> None:
    """Control: only `sh` blocks count, and only what a shell would run."""
    text = "```sh\na --b 'c'   # why\nd &    # e\n```\n```python\nf\n```\n```sh\ng\n```\n"
    assert [["a --b 'c'", "d &"], ["g"]] == shell_blocks(text)
