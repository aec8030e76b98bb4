"""`catalogue check|list|show|new|schema|source`: what a product sells."""

from __future__ import annotations

from pathlib import Path

import pytest

from nostr_usage.cli.output import ExitCode
from nostr_usage.pricing.catalogue import BUILT_IN_CATALOGUES
from tests.terminal import Terminal, operator_terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A terminal without a home: catalogues need none."""
    return Terminal(tmp_path / "nowhere")


def test_the_catalogues_that_come_with_the_program_are_listed(terminal: Terminal) -> None:
    """By name, with their plans and meters."""
    assert list(BUILT_IN_CATALOGUES) == [
        row["name"] for row in terminal.run("catalogue", "list", "--json").json
    ]
    assert "lead_generation" in terminal.run("catalogue", "list").out


@pytest.mark.parametrize("name", BUILT_IN_CATALOGUES)
def test_every_one_of_them_can_be_shown_copied_and_checked(terminal: Terminal, name: str) -> None:
    """As a table, as JSON and as the TOML that it is."""
    assert name in terminal.run("catalogue", "show", name).lines[0]
    assert name == terminal.run("catalogue", "show", name, "--json").json["name"]
    terminal.home.mkdir()
    copy = str(terminal.home / "my.toml")
    terminal.run("catalogue", "new", copy, "--like", name)
    checked = terminal.run("catalogue", "check", copy, "--json").json
    assert terminal.run("catalogue", "show", name, "--json").json["digest"] == checked["digest"]
    assert f"catalogue {name}" in terminal.run("catalogue", "check", copy).out
    assert f'name = "{name}"' in terminal.run("catalogue", "source", name).lines


def test_a_home_shows_its_own(tmp_path: Path) -> None:
    """Without a name, that of the home."""
    operator = operator_terminal(tmp_path, "--catalogue", "koffers")
    assert "koffers" in operator.run("catalogue", "show").lines[0]


def test_an_error_names_file_line_key_and_what_to_do(terminal: Terminal, tmp_path: Path) -> None:
    """So that it can be mended without reading a manual."""
    path = tmp_path / "my.toml"
    text = terminal.run("catalogue", "source", "transparency").out
    path.write_text(text.replace('price = "15"', "price = 15"), "utf-8")
    line = text.splitlines().index('price = "15"') + 1
    outcome = terminal.run("catalogue", "check", str(path), code=ExitCode.BAD_INPUT)
    assert f"my.toml: line {line}: plans[1].price: write dollars in quotes" in outcome.err
    assert "Correct that value." in outcome.err


def test_a_file_is_never_overwritten(terminal: Terminal, tmp_path: Path) -> None:
    """Nor is anything written that is no TOML by name."""
    path = tmp_path / "my.toml"
    path.write_text("mine", "utf-8")
    terminal.run("catalogue", "new", str(path), code=ExitCode.BAD_INPUT)
    terminal.run("catalogue", "new", str(tmp_path / "my.txt"), code=ExitCode.BAD_INPUT)
    terminal.run("catalogue", "new", str(tmp_path / "no" / "my.toml"), code=ExitCode.BAD_INPUT)
    assert "mine" == path.read_text("utf-8")


def test_the_schema_is_for_editors(terminal: Terminal) -> None:
    """It names every top-level key but the digest."""
    schema = terminal.run("catalogue", "schema").json
    assert {"activities", "plans", "packs", "meters", "aims"} <= set(schema["properties"])
    assert "digest" not in schema["properties"]


def test_margins_are_those_of_a_plan_that_is_used_up(terminal: Terminal) -> None:
    """The table of a product's own planning; without aims there is none."""
    terminal.clock.set(1_771_080_300)
    rows = terminal.run("catalogue", "margins", "koffers", "--json").json
    assert [(30, None), (50_000, 96), (200_000, 94), (1_000_000, 92)] == [
        (row["tokens"], row["margin_percent"]) for row in rows
    ]
    shown = terminal.run("catalogue", "margins", "vibrationfit").out
    assert "$899.00" in shown
    terminal.run("catalogue", "margins", "transparency", code=ExitCode.REFUSED)
