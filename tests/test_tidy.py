"""House rules that no linter holds, each with a sample that breaks it, so that green means something."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 400

# Spelled with character classes, so that this file does not match itself.
MACHINE_PATH = re.compile(r"/(?:work|farm)/|/tmp/(?:research|studio|brief)|[.]library\b")
REGISTRY_HOST = re.compile(r"pypi[.]org|python[h]osted|npm[j]s|debian[.]org|crates[.]io|proxy[.]golang")
SECRET = re.compile(r"\b(?:nsec|ncryptsec)1[02-9ac-hj-np-z]{50,}")
SILENCER = re.compile(r"#\s*(?:(?:type|pyright):\s*ignore|noqa)\b(?P<rest>.*)")
RULE_AND_REASON = re.compile(r"(?:\[[\w, -]+\]|:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)(?P<reason>.*)")


def is_python(path: str) -> bool:
    """Whether the limits of Python code apply to the file."""
    return path.endswith(".py")


def is_code(path: str) -> bool:
    """Python files, and the commands."""
    return is_python(path) or (path.startswith("scripts/") and "." not in Path(path).name)


def is_library(path: str) -> bool:
    """Python files that must leave standard output to the one module that owns it."""
    return is_python(path) and not path.startswith("scripts/") and path != "nostr_usage/cli/output.py"


def is_test(path: str) -> bool:
    """Files in which pytest looks for tests."""
    return is_python(path) and Path(path).name.startswith("test_")


def is_outside_tests(path: str) -> bool:
    """Everything but the tests, whose vectors hold published keys."""
    return not path.startswith("tests/")


def is_any(path: str) -> bool:
    """Every tracked text file."""
    return bool(path)


def functions(text: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method, nested ones included."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def long_functions(text: str) -> Iterator[str]:
    """Functions over the limit, docstring included."""
    for function in functions(text):
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > FUNCTION_LINES_MAX:
            yield f"line {function.lineno}: {function.name} has {lines} of {FUNCTION_LINES_MAX} lines"


def long_files(text: str) -> Iterator[str]:
    """The file itself, if over the limit."""
    lines = len(text.splitlines())
    if lines > FILE_LINES_MAX:
        yield f"{lines} of {FILE_LINES_MAX} lines"


def silent_tests(text: str) -> Iterator[str]:
    """Tests that do not say which behaviour they show."""
    for function in functions(text):
        if function.name.startswith("test_") and not ast.get_docstring(function):
            yield f"line {function.lineno}: {function.name} has no docstring"


def prints(text: str) -> Iterator[str]:
    """Calls of print."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            yield f"line {node.lineno}: prints"


def bare_silencers(text: str) -> Iterator[str]:
    """Silenced findings without their rule, or without a reason: there, above, or for a whole block."""
    explained: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        line, silencer = token.start[0], SILENCER.search(token.string)
        named = RULE_AND_REASON.match(silencer["rest"]) if silencer else None
        if silencer and not named:
            yield f"line {line}: silences without naming the rule"
        stands_alone = not token.line[: token.start[1]].strip()
        has_reason = named is not None and re.search(r"\w{2,}", named["reason"])
        if (has_reason if named else stands_alone) or (named and line - 1 in explained):
            explained.add(line)
        elif named:
            yield f"line {line}: silences without a reason"


def matches(pattern: re.Pattern[str]) -> Callable[[str], Iterator[str]]:
    """A check for text that must not be there."""

    def find(text: str) -> Iterator[str]:
        for number, line in enumerate(text.splitlines(), start=1):
            if found := pattern.search(line):
                yield f"line {number}: {found[0][:12]}…"

    return find


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A check on the text of one file, where it applies, and samples of both outcomes."""

    name: str
    applies: Callable[[str], bool]
    find: Callable[[str], Iterable[str]]
    bad: tuple[str, ...] = field(repr=False)
    good: tuple[str, ...] = field(repr=False)


def _function(lines: int) -> str:
    return "def f():\n" + "    pass\n" * (lines - 1)


# Samples of forbidden text are put together here, or this file would break the rule itself.
RULES = (
    Rule(
        name="functions fit a screen",
        applies=is_python,
        find=long_functions,
        bad=(_function(FUNCTION_LINES_MAX + 1),),
        good=(_function(FUNCTION_LINES_MAX),),
    ),
    Rule(
        name="files have one subject",
        applies=is_code,
        find=long_files,
        bad=("\n" * (FILE_LINES_MAX + 1),),
        good=("\n" * FILE_LINES_MAX,),
    ),
    Rule(
        name="tests say what they show",
        applies=is_test,
        find=silent_tests,
        bad=("class TestX:\n    async def test_a(self): pass",),
        good=('async def test_a():\n    """It adds up."""\ndef help_a(): pass',),
    ),
    Rule(
        name="one module owns standard output",
        applies=is_library,
        find=prints,
        bad=("def f():\n    print('x')",),
        good=("'print(1)'  # print(2)\nconsole.print(3)",),
    ),
    Rule(
        name="silenced findings name the rule and the reason",
        applies=is_python,
        find=bare_silencers,
        bad=(
            "import x  # type: ignore",
            "import x  # pyright: ignore[reportMissingImports]",
            "y = 1  # a reason for y\nimport x  # noqa: F401",
            "import x  # noqa: F401 - a reason\n\nimport y  # noqa: F401",
        ),
        good=(
            "import x  # type: ignore[import]  # ships no stubs",
            "# Built on first use.\nimport x  # pyright: ignore[reportMissingImports]",
            "import x  # noqa: F401, E402 - registers itself\ntext = '# noqa'",
            "# Built on first use.\nimport x  # noqa: PLC0415\nimport y  # noqa: PLC0415",
        ),
    ),
    Rule(
        name="no paths of a machine",
        applies=is_any,
        find=matches(MACHINE_PATH),
        bad=("cd /WORK/main".lower(),),
        good=("the framework/layers; network/; a library",),
    ),
    Rule(
        name="no hosts of package registries",
        applies=is_any,
        find=matches(REGISTRY_HOST),
        bad=("--index-url https://PYPI.ORG/simple".lower(),),
        good=("pip install --require-hashes",),
    ),
    Rule(
        name="no secret keys outside the tests",
        applies=is_outside_tests,
        find=matches(SECRET),
        bad=("key = 'nsec1" + "q" * 58 + "'",),
        good=("nsec1… is a secret key, npub1" + "q" * 58 + " is not",),
    ),
)


def tracked_files() -> list[str]:
    """The files that git knows and that are there, relative to the checkout."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    return [path for path in listing.stdout.split("\0") if path and (ROOT / path).is_file()]


def text_of(path: str) -> str:
    """The file's text; nothing for pictures and other files that are no text."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def undescribed(paths: Iterable[str], readme: str) -> set[str]:
    """Files and folders of scripts/ without a line of their own in its README."""
    entries = {
        f"{rest[0]}/" if len(rest) > 1 else rest[0] for _, *rest in (path.split("/") for path in paths)
    }
    return {entry for entry in entries - {"README.md"} if f"\n| `{entry}` | " not in readme}


@cache
def texts() -> dict[str, str]:
    """Every tracked file with its text."""
    return {path: text_of(path) for path in tracked_files()}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_file_keeps_the_rule(rule: Rule) -> None:
    """No tracked file breaks a house rule."""
    findings = [
        f"{path}, {finding}"
        for path, text in texts().items()
        if rule.applies(path)
        for finding in rule.find(text)
    ]

    assert [] == findings, "\n".join(findings)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_can_fail(rule: Rule) -> None:
    """Control: what breaks the rule is found, and its neighbour that keeps it is not."""
    assert all([*rule.find(sample)] for sample in rule.bad)
    assert not any([*rule.find(sample)] for sample in rule.good)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_applies_somewhere(rule: Rule) -> None:
    """Control: a rule that looks at no file would pass whatever happens."""
    assert any(rule.applies(path) and text for path, text in texts().items())


def test_every_script_is_described() -> None:
    """Each file and folder in scripts/ has its line in scripts/README.md."""
    paths = [path for path in texts() if path.startswith("scripts/")]

    assert set() == undescribed(paths, texts()["scripts/README.md"])


def test_a_script_without_a_line_is_found() -> None:
    """Control: a file or folder that the README only mentions in passing is reported."""
    paths = ["scripts/run", "scripts/lock/a.txt", "scripts/test", "scripts/README.md"]

    assert {"run", "lock/"} == undescribed(paths, "| file | |\n| `test` | runs like `run` |")
