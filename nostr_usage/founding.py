"""How a home comes to be: an operator's with fresh keys and a manifest, a follower's with a public key."""

from __future__ import annotations

import secrets as os_entropy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nostr_usage.clock import Clock
from nostr_usage.errors import HomeError
from nostr_usage.home import Home, Role, Settings, private_files
from nostr_usage.nostr.event import UnsignedEvent, event_to_json, sign_event
from nostr_usage.nostr.keys import SecretKey, generate_secret_key
from nostr_usage.nostr.nip49 import encrypt_secret_key
from nostr_usage.nostr.signer import Signer
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.store import Store, Transaction
from nostr_usage.store.account_secrets import AccountSecrets
from nostr_usage.wire.manifest import Manifest, manifest_event
from nostr_usage.wiring import (
    LOW_BALANCE_SETTING,
    TOKEN_VALUE_SETTING,
    Entropy,
    load_catalogue_of,
    relay_numbers,
    token_value_setting,
    write_urls,
)
from relay_config import RelaySet

# 64 MiB and a few tenths of a second: what a service can afford at each start (NIP-49, "log_n").
_KEY_LOG_N = 16
_SALT_BYTES, _NONCE_BYTES = 16, 24


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLedger:
    """What an operator chooses at `init`: keys from the outside are optional, None makes new ones."""

    relays: RelaySet
    catalogue: str
    descriptions: str
    kind: int
    root_key: SecretKey | None = None
    password: str | None = None


def create_operator_home(
    home: Home, new: NewLedger, *, clock: Clock, entropy: Entropy = os_entropy.token_bytes
) -> Settings:
    """Make an operator's home: keys, store, and the first manifest, signed and queued.

    Raises:
        HomeError: if there is a home already.
        CatalogueError, UnknownNameError: if the catalogue cannot be used; nothing is made.
    """
    catalogue = load_catalogue_of(new.catalogue)
    root, ledger = new.root_key or generate_secret_key(entropy), generate_secret_key(entropy)
    root_signer, ledger_signer = Signer(root, entropy=entropy), Signer(ledger, entropy=entropy)
    manifest = sign_event(
        _first_manifest(new, catalogue, root=root_signer.pubkey, ledger=ledger_signer.pubkey, clock=clock),
        root_signer,
    )
    settings = Settings(
        role=Role.OPERATOR,
        root_pubkey=root_signer.pubkey,
        ledger_pubkey=ledger_signer.pubkey,
        ledger_id=manifest.id,
        kinds=(new.kind,),
        catalogue=catalogue.name,
        descriptions=new.descriptions,
    )

    # Encrypting takes a while, and may be interrupted: before anything is on disk.
    texts = {
        name: key_text(key, password=new.password, entropy=entropy)
        for name, key in (("root", root), ("ledger", ledger))
    }

    def fill(store: Store) -> None:
        for name, text in texts.items():
            home.write_key(name, text)
        with AccountSecrets.open(home.secrets_path, create=True):
            pass
        numbers = relay_numbers(store, new.relays)

        def keep_manifest(transaction: Transaction) -> None:
            number = transaction.add_event(manifest.id, event_to_json(manifest))
            transaction.queue_outbox([number], numbers, now=clock.now())

        store.write(keep_manifest)

    _create(
        home,
        settings,
        relays=new.relays,
        catalogue=catalogue,
        catalogue_toml=_own_catalogue(new.catalogue),
        fill=fill,
    )
    return settings


def create_follower_home(home: Home, settings: Settings, *, relays: RelaySet) -> None:
    """Make the home of someone who knows only a public key and some relays.

    Raises:
        HomeError: if there is a home already.
    """
    catalogue = load_catalogue_of(settings.catalogue)
    _create(
        home,
        settings,
        relays=relays,
        catalogue=catalogue,
        catalogue_toml=_own_catalogue(settings.catalogue),
        fill=lambda _store: None,
    )


def _first_manifest(
    new: NewLedger, catalogue: Catalogue, *, root: str, ledger: str, clock: Clock
) -> UnsignedEvent:
    manifest = Manifest(
        ledger_pubkey=ledger,
        entry_kind=new.kind,
        relays=write_urls(new.relays),
        catalogue=(catalogue.name, catalogue.version, catalogue.digest),
    )
    return manifest_event(manifest, root_pubkey=root, created_at=clock.now())


def key_text(key: SecretKey, *, password: str | None, entropy: Entropy) -> str:
    """What a key file holds: an ncryptsec with a password, else hex."""
    if password is None:
        return key.hex()
    return encrypt_secret_key(
        key, password, log_n=_KEY_LOG_N, salt=entropy(_SALT_BYTES), nonce=entropy(_NONCE_BYTES)
    )


def _create(
    home: Home,
    settings: Settings,
    *,
    relays: RelaySet,
    catalogue: Catalogue,
    catalogue_toml: str | None,
    fill: Callable[[Store], None],
) -> None:
    """Settings are written last: a home without them is no home, and may be made again."""
    if home.exists():
        raise HomeError(
            f"{home.path} is a home already",
            advice="Choose another directory with --home, or remove this one if you are sure.",
        )
    with private_files():
        try:
            home.prepare(relays_toml=relays.to_toml(), catalogue_toml=catalogue_toml)
        except OSError as error:
            raise HomeError(
                f"cannot make a home in {home.path}: {error.strerror}", advice="Choose another with --home."
            ) from error
        with Store.open(home.store_path, create=True) as store:
            store.write(lambda transaction: _keep_token_values(transaction, catalogue))
            fill(store)
        home.write_settings(settings)


def _keep_token_values(transaction: Transaction, catalogue: Catalogue) -> None:
    """So that a balance is shown in dollars, and called low, without loading the catalogue."""
    transaction.set_setting(TOKEN_VALUE_SETTING, str(catalogue.token_value))
    transaction.set_setting(LOW_BALANCE_SETTING, str(catalogue.low_balance))
    for meter in catalogue.meters:
        value = catalogue.token_value_of(meter.name)
        if value != catalogue.token_value:
            transaction.set_setting(token_value_setting(meter.name), str(value))


def _own_catalogue(name: str) -> str | None:
    """A catalogue of one's own is copied into the home, so that it cannot change behind its back."""
    return Path(name).read_text("utf-8") if name.endswith(".toml") else None
