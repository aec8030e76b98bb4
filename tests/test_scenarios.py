"""Scenarios for people to read, one a file in tests/scenarios: what each line says comes true."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenario_player import outcomes

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_what_the_scenario_says_comes_true(path: Path, tmp_path: Path) -> None:
    """Line by line, as it is written."""
    said, came = zip(*outcomes(tmp_path, path.read_text("utf-8")), strict=True)
    assert said == came


def test_a_scenario_that_says_something_else_fails(tmp_path: Path) -> None:
    """Control: an outcome that is wrong by one token is seen."""
    text = "catalogue transparency, plan standard\n02-14 10:00  check magic-mentor -> yes, 250 of 5,001\n"
    ((said, came),) = outcomes(tmp_path, text)
    assert said != came
    assert said.replace("5,001", "5,000") == came
