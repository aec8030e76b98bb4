"""Secret keys that people give to commands: from the environment, a file, or a hidden prompt, never argv."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from nostr_usage.cli.options import PASSWORD_VARIABLE
from nostr_usage.errors import InputError
from nostr_usage.home import check_private
from nostr_usage.nostr.keys import SecretKey, parse_secret_key

NSEC_VARIABLE = "NOSTR_USAGE_NSEC"
_FILE_BYTES_MAX = 4_096


def read_secret_key(key_file: Path | None) -> SecretKey:
    """The secret key in `key_file`, in the environment, or typed on a terminal without showing it.

    Raises:
        InputError: if there is none of these, or the file cannot be read.
        HomeError: if others may read the file.
        KeyFormatError, DecryptionError: if it is no secret key, or its password is wrong.
    """
    text = _secret_text(key_file).strip()
    if not text.startswith("ncryptsec1"):
        return parse_secret_key(text)
    from nostr_usage.nostr.nip49 import decrypt_secret_key  # noqa: PLC0415  # 40 ms that few need

    return decrypt_secret_key(text, _password())


def _secret_text(key_file: Path | None) -> str:
    if key_file is not None:
        try:
            check_private(key_file)
            with key_file.open("rb") as file:
                return file.read(_FILE_BYTES_MAX).decode("ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{key_file} is no key file: {type(error).__name__}") from None
    stated = os.environ.get(NSEC_VARIABLE)
    if stated is not None:
        return stated
    if not sys.stdin.isatty():
        raise InputError(
            "no secret key was given", advice=f"Set {NSEC_VARIABLE}, name a --key-file, or use a terminal."
        )
    typed: str = click.prompt("nsec", hide_input=True, err=True)
    return typed


def _password() -> str:
    stated = os.environ.get(PASSWORD_VARIABLE)
    if stated is not None:
        return stated
    if not sys.stdin.isatty():
        raise InputError("the secret key is encrypted", advice=f"Give its password in {PASSWORD_VARIABLE}.")
    typed: str = click.prompt("Password of the secret key", hide_input=True, err=True)
    return typed
