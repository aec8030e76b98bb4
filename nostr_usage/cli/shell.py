"""`nostr-usage completion|tui|version`: what surrounds the ledger."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from importlib import metadata

import click
from click.shell_completion import get_completion_class

from nostr_usage.cli.main import PROGRAM, main
from nostr_usage.cli.options import json_option, pass_home
from nostr_usage.cli.output import print_json, print_line, print_raw
from nostr_usage.errors import InputError
from nostr_usage.home import HOME_VARIABLE, Home

DASHBOARD = "nostr-usage-tui"
_COMPLETE_VARIABLE = "_NOSTR_USAGE_COMPLETE"
_STANDS_ON = (
    "coincurve",
    "secp256k1",
    "cryptography",
    "orjson",
    "pydantic",
    "pynostr",
    "websockets",
    "textual",
)


@click.command(epilog='Example: eval "$(nostr-usage completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(*, shell: str) -> None:
    """Shell completion: what it prints goes into the shell's start-up file.

    Exit codes: 0 done, 2 no such shell.
    """
    found = get_completion_class(shell)
    assert found is not None, "click knows these three"
    print_raw(found(main, {}, PROGRAM, _COMPLETE_VARIABLE).source())


@click.command(epilog="Example: nostr-usage tui", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@pass_home
def tui(home: Home, *, arguments: tuple[str, ...]) -> int:
    """Start the dashboard on this home; ARGUMENTS are passed on to it.

    Exit codes: those of the dashboard, 2 if it is not installed.
    """
    program = shutil.which(DASHBOARD)
    if program is None:
        raise InputError(
            f"{DASHBOARD} is not installed", advice="Install nostr-usage where this command finds it."
        )
    sys.stdout.flush()
    environment = {**os.environ, HOME_VARIABLE: str(home.path)}
    return subprocess.run([program, *arguments], env=environment, check=False).returncode  # noqa: S603  # found above


@click.command(epilog="Example: nostr-usage version --json")
@json_option
def version(*, as_json: bool) -> None:
    """The versions of nostr-usage and of what it stands on, and which signature backends are in use.

    Exit codes: 0 done.
    """
    from nostr_usage.nostr.schnorr import BACKENDS, available_backends  # noqa: PLC0415  # loads C libraries

    available = available_backends()
    missing = tuple(backend for backend in BACKENDS if backend not in available)
    versions = {name: _version_of(name) for name in _STANDS_ON}
    if as_json:
        print_json(
            {
                PROGRAM: own_version(),
                "python": platform.python_version(),
                "signature_backends": available,
                "missing_signature_backends": missing,
                **versions,
            }
        )
        return
    print_line(f"{PROGRAM} {own_version()}, Python {platform.python_version()}")
    print_line(f"signatures by {', then '.join(available)}")
    if missing:
        print_line(f"  {', '.join(missing)} is absent: audits have no second opinion on signatures")
    for name, found in versions.items():
        print_line(f"  {name:<13} {found or 'absent'}")


def own_version() -> str:
    """The version of this program."""
    return _version_of(PROGRAM) or "not installed, run from its source"


def _version_of(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
