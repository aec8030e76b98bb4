"""What `from nostr_usage import …` offers, and what it costs."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nostr_usage
from nostr_usage import errors
from tests.terminal import operator_terminal

ROOT = Path(__file__).parent.parent


def typed_names() -> set[str]:
    """The names that type checkers see, as the source imports them."""
    tree = ast.parse(Path(nostr_usage.__file__).read_text("utf-8"))
    return {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nostr_usage")
        for alias in node.names
    }


@pytest.mark.parametrize("name", nostr_usage.__all__)
def test_every_name_is_there(name: str) -> None:
    """Each is the very object of its module, and listed."""
    (typed,) = [place for place in typed_names() if place.endswith(f".{name}")]
    module, _, _ = typed.rpartition(".")
    assert getattr(nostr_usage, name) is getattr(importlib.import_module(module), name)
    assert name in dir(nostr_usage)


def test_type_checkers_see_the_same_names() -> None:
    """The three lists in the source agree."""
    assert sorted(nostr_usage.__all__) == sorted(place.rpartition(".")[2] for place in typed_names())


def test_every_error_is_public() -> None:
    """Whoever calls the library can catch all that it raises."""
    raised = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert raised - {"Mapping", "Sequence", "Enum", "StrEnum"} <= set(nostr_usage.__all__)


def test_other_names_are_refused() -> None:
    """As by any module; submodules can still be imported."""
    with pytest.raises(AttributeError, match="has no attribute 'Recordings'"):
        _ = getattr(nostr_usage, "Recordings")  # noqa: B009  # the checker knows that there is none
    from nostr_usage import amount

    assert "nostr_usage.amount" == amount.__name__


def test_a_name_loads_no_more_than_its_module() -> None:
    """Asking for the clock brings no store, no signatures and no sockets."""
    probe = "from nostr_usage import SystemClock; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = {module for module in done.stdout.split() if module.startswith("nostr_usage")}
    assert {"nostr_usage", "nostr_usage.clock"} == loaded


def python_example() -> str:
    """The Python example of the README."""
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    return str(example)


def test_the_example_of_the_readme_runs(tmp_path: Path) -> None:
    """As written, in a home with an account; the second time it gives the same receipt."""
    terminal = operator_terminal(tmp_path)
    account = terminal.run("account", "new", "alice", "--json").json["account"]
    receipts: list[Any] = []
    for _ in range(2):
        names: dict[str, Any] = {"path": terminal.home, "account": account}
        exec(compile(python_example(), "README.md", "exec"), names)  # noqa: S102  # our own text
        receipts.append(names["receipt"])
    assert (247, False, True) == (
        receipts[0].entry.tokens,
        receipts[0].is_repeat,
        receipts[1].is_repeat,
    )
    assert receipts[0].event_json == receipts[1].event_json
