"""The file of account keys: private, silent, and forgetful on request."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from nostr_usage.errors import HomeError
from nostr_usage.store import AccountSecrets
from tests.store.ledger_lines import ACCOUNT, account_numbered

REQUEST, OPERATOR, KEY = b"request-secret-of-32-bytes......", b"o" * 32, b"account-secret-of-32-bytes......"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the keys are."""
    return tmp_path / "accounts.sqlite"


@pytest.fixture
def secrets(path: Path) -> Iterator[AccountSecrets]:
    """A file with the keys of one account."""
    with AccountSecrets.open(path, create=True) as secrets:
        secrets.add(ACCOUNT, request_secret=REQUEST, operator_secret=OPERATOR, account_secret=KEY)
        yield secrets


def holders(path: Path, secret: bytes) -> list[str]:
    """The files in the directory that contain the secret."""
    return [file.name for file in path.parent.iterdir() if secret in file.read_bytes()]


def test_secrets_are_found_again(secrets: AccountSecrets, path: Path) -> None:
    """They are on the disk when `add` returns."""
    with AccountSecrets.open(path) as again:
        row = again.get(ACCOUNT)
    assert (ACCOUNT, REQUEST, OPERATOR, KEY) == (
        row.account,
        row.request_secret,
        row.operator_secret,
        row.account_secret,
    )


def test_file_is_private(secrets: AccountSecrets, path: Path) -> None:
    """Nobody but its owner can read it."""
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_file_that_others_may_use_is_refused(secrets: AccountSecrets, path: Path, mode: int) -> None:
    """The error says which file, and how to make it private."""
    path.chmod(mode)
    with pytest.raises(HomeError, match=f"mode {mode:04o}") as raised:
        AccountSecrets.open(path)
    assert f"chmod 600 {path}" == raised.value.advice


def test_missing_file_is_named(path: Path) -> None:
    """Without `create`, a missing file is an error."""
    with pytest.raises(HomeError, match="there is no file of account keys"):
        AccountSecrets.open(path)


def test_repr_shows_no_secret(secrets: AccountSecrets) -> None:
    """Neither the row nor an error about it contains a secret."""
    text = repr(secrets.get(ACCOUNT))
    assert f"AccountSecretRow(account='{ACCOUNT}')" == text


def test_unknown_account_is_an_error(secrets: AccountSecrets) -> None:
    """Nothing can be written for an account without keys, so it is said loudly."""
    with pytest.raises(HomeError, match="no keys for account") as raised:
        secrets.get(account_numbered(2))
    assert "backup" in raised.value.advice


def test_first_secrets_stay(secrets: AccountSecrets) -> None:
    """Adding an account again gives back what is held: entries were written with it."""
    row = secrets.add(ACCOUNT, request_secret=b"x" * 32, operator_secret=b"y" * 32)
    assert (REQUEST, OPERATOR, KEY) == (row.request_secret, row.operator_secret, row.account_secret)


def test_forgotten_key_is_overwritten(secrets: AccountSecrets, path: Path) -> None:
    """After the hand-over no file of ours contains the account key; the other secrets stay."""
    assert ["accounts.sqlite"] == holders(path, KEY)
    secrets.forget_account_secret(ACCOUNT)
    assert [] == holders(path, KEY)
    assert ["accounts.sqlite"] == holders(path, REQUEST)
    assert secrets.get(ACCOUNT).account_secret is None


def test_erased_account_is_overwritten(secrets: AccountSecrets, path: Path) -> None:
    """After erasure nothing of the account's secrets is left."""
    secrets.erase(ACCOUNT)
    assert [[], [], []] == [holders(path, secret) for secret in (REQUEST, OPERATOR, KEY)]
    with pytest.raises(HomeError, match="no keys for account"):
        secrets.get(ACCOUNT)


def test_closed_file_says_so(path: Path) -> None:
    """Using it after `close` is an error of ours."""
    secrets = AccountSecrets.open(path, create=True)
    secrets.close()
    with pytest.raises(HomeError, match="closed"):
        secrets.get(ACCOUNT)
