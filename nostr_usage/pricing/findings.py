"""What is wrong with a catalogue, as one error: file, line and key of each finding, and what to do."""

from __future__ import annotations

from pydantic import ValidationError

from nostr_usage.errors import CatalogueError
from nostr_usage.pricing.table import Misfit
from nostr_usage.pricing.toml_lines import Path, line_of

PROBLEMS_SHOWN_MAX = 5

_FIXES = {
    "extra_forbidden": "Remove that key, or correct its spelling.",
    "missing": "Add that key.",
    "string_pattern_mismatch": "Names are lower-case letters, digits, - and _; labels are printable.",
}


def catalogue_error(file: str, text: str, error: ValidationError) -> CatalogueError:
    """The error that tells people what pydantic found in `text`, the content of `file`."""
    findings = error.errors(include_url=False, include_input=False)
    lines: list[str] = []
    for finding in findings[:PROBLEMS_SHOWN_MAX]:
        cause = finding.get("ctx", {}).get("error")
        path: Path = (*finding["loc"], *(cause.path if isinstance(cause, Misfit) else ()))
        line = line_of(text, path)
        where = "" if line is None else f"line {line}: "
        lines.append(f"{where}{_shown(path)}: {finding['msg'].removeprefix('Value error, ')}")
    more = f" (and {len(findings) - PROBLEMS_SHOWN_MAX} more)" if len(findings) > PROBLEMS_SHOWN_MAX else ""
    return CatalogueError(
        f"{file}: {'; '.join(lines)}{more}", advice=_FIXES.get(findings[0]["type"], "Correct that value.")
    )


def _shown(path: Path) -> str:
    shown = ""
    for part in path:
        name = part if isinstance(part, int) or part.isprintable() else repr(part)
        shown += f"[{name}]" if isinstance(part, int) else f".{name}"
    return shown.removeprefix(".") or "catalogue"
