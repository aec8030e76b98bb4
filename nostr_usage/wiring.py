"""The one place that builds adapters from settings: homes are opened and closed here.

`open_reader` is all that a balance needs and loads as little; `open_operator` brings what signing needs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from nostr_usage.clock import Clock, SystemClock
from nostr_usage.errors import CatalogueError, HomeError, UnknownNameError
from nostr_usage.home import Home, Role, Settings
from nostr_usage.ledger.names import DEFAULT_METER, AccountId
from nostr_usage.store import Store

if TYPE_CHECKING:
    # Each costs more to load than `balance` may take to answer.
    from nostr_usage.organise import Organiser
    from nostr_usage.pricing.catalogue import Catalogue
    from nostr_usage.record import AsyncRecorder, Recorder
    from nostr_usage.relays.policy import ConnectionPolicy
    from nostr_usage.spend import AsyncSpender, Spender
    from nostr_usage.store.account_secrets import AccountSecrets
    from nostr_usage.subscribe import Subscriber
    from nostr_usage.transfer import Transfers
    from nostr_usage.writing.stream_writer import Operator
    from relay_config import RelaySet

TOKEN_VALUE_SETTING = "token_value"  # noqa: S105  # the name of a fact, not a secret
LOW_BALANCE_SETTING = "low_balance"
Entropy = Callable[[int], bytes]


def token_value_setting(meter: str) -> str:
    """Where the store keeps what one of a meter is worth, if that is not what a token is."""
    return f"{TOKEN_VALUE_SETTING}:{meter}"


class ReaderHome(NamedTuple):
    """An open home, for whoever only reads."""

    home: Home
    settings: Settings
    store: Store

    @property
    def token_value(self) -> int:
        """What a token is shown to be worth, in nano-dollars."""
        return self.token_value_of(DEFAULT_METER)

    def token_value_of(self, meter: str) -> int:
        """What one of a meter is shown to be worth, in nano-dollars."""
        with self.store.read() as reader:
            own = reader.setting(token_value_setting(meter))
            return int(own or reader.setting(TOKEN_VALUE_SETTING) or 0)

    @property
    def low_balance(self) -> int:
        """The tokens below which a balance is called low; 0 where that was not kept."""
        with self.store.read() as reader:
            return int(reader.setting(LOW_BALANCE_SETTING) or 0)


class OperatorHome(NamedTuple):
    """An open home, for the service that signs."""

    home: Home
    settings: Settings
    store: Store
    relays: RelaySet
    catalogue: Catalogue
    operator: Operator
    secrets: AccountSecrets
    recorder: Recorder
    spender: Spender
    subscriber: Subscriber
    transfers: Transfers
    organiser: Organiser

    @property
    def async_recorder(self) -> AsyncRecorder:
        """The recorder for an event loop."""
        from nostr_usage.record import AsyncRecorder

        return AsyncRecorder(store=self.store, operator=self.operator, catalogue=self.catalogue)

    @property
    def async_spender(self) -> AsyncSpender:
        """The spender for an event loop."""
        from nostr_usage.spend import AsyncSpender

        return AsyncSpender(store=self.store, operator=self.operator, catalogue=self.catalogue)


@contextmanager
def open_reader(home: Home) -> Generator[ReaderHome]:
    """The home's store, to read.

    Raises:
        HomeError: if there is no home, or its store cannot be used.
    """
    settings = home.settings()
    with Store.open(home.store_path) as store:
        yield ReaderHome(home=home, settings=settings, store=store)


@contextmanager
def open_operator(
    home: Home,
    *,
    password: str | None = None,
    clock: Clock | None = None,
    entropy: Entropy = os.urandom,
) -> Generator[OperatorHome]:
    """The home of an operator, ready to sign; holds that expired meanwhile are marked as such.

    Raises:
        HomeError: if there is no home, it is a follower's, or its keys cannot be used.
    """
    from nostr_usage.nostr.signer import Signer
    from nostr_usage.organise import Organiser
    from nostr_usage.record import Recorder
    from nostr_usage.spend import Spender
    from nostr_usage.store.account_secrets import AccountSecrets
    from nostr_usage.subscribe import Subscriber
    from nostr_usage.transfer import Transfers
    from nostr_usage.wire.details import DescriptionMode
    from nostr_usage.writing.stream_writer import Operator

    settings = _operator_settings(home)
    signer = Signer(home.key("ledger", password=password), entropy=entropy)
    if signer.pubkey != settings.ledger_pubkey:
        raise HomeError(f"{home.key_path('ledger')} is not the ledger key of {home.path / 'settings.toml'}")
    relays, catalogue = home_relays(home), home_catalogue(home, settings)
    with ExitStack() as stack:
        store = stack.enter_context(Store.open(home.store_path))
        secrets = stack.enter_context(AccountSecrets.open(home.secrets_path))
        operator = Operator(
            signer=signer,
            secrets=secrets,
            clock=clock or SystemClock(),
            entropy=entropy,
            kind=settings.kind,
            description_mode=DescriptionMode(settings.descriptions),
            outbox_relays=relay_numbers(store, relays),
        )
        spender = Spender(store=store, operator=operator, catalogue=catalogue)
        spender.recover()
        yield OperatorHome(
            home=home,
            settings=settings,
            store=store,
            relays=relays,
            catalogue=catalogue,
            operator=operator,
            secrets=secrets,
            recorder=Recorder(store=store, operator=operator, catalogue=catalogue),
            spender=spender,
            subscriber=Subscriber(store=store, operator=operator, catalogue=catalogue),
            transfers=Transfers(store=store, operator=operator, catalogue=catalogue),
            organiser=Organiser(store=store, operator=operator),
        )


def _operator_settings(home: Home) -> Settings:
    """The settings of a home that can sign; what only signing needs of them is checked here."""
    from nostr_usage.wire.details import DescriptionMode

    settings = home.settings()
    if settings.role is not Role.OPERATOR:
        raise HomeError(
            f"{home.path} follows a ledger, it cannot write one",
            advice="Use the operator's home, or make one with `nostr-usage --home DIR init`.",
        )
    if settings.descriptions not in set(DescriptionMode):
        raise HomeError(
            f"{home.path / 'settings.toml'}: descriptions are {settings.descriptions!r}",
            advice=f"Write one of: {', '.join(DescriptionMode)}.",
        )
    return settings


def home_relays(home: Home) -> RelaySet:
    """The relay set in use.

    Raises:
        CatalogueError: if it cannot be used.
    """
    return relay_set_named(home.relays_path)


def relay_set_named(name: str | Path) -> RelaySet:
    """The built-in relay set of that name, or the one in the file at that path.

    Raises:
        CatalogueError: if there is none, or it cannot be used.
    """
    from relay_config import RelaySetError, load_relay_set

    try:
        return load_relay_set(name)
    except RelaySetError as error:
        raise CatalogueError(str(error)) from error


def relay_set_at(urls: tuple[str, ...]) -> RelaySet:
    """A set of the relays at `urls`, all written to and read from.

    Raises:
        CatalogueError: if one is no relay URL, or is named twice.
    """
    from nostr_usage.relays.urls import normalise_relay_url
    from relay_config import RelaySetError, relay_set_of

    try:
        return relay_set_of("own", tuple(normalise_relay_url(url) for url in urls))
    except RelaySetError as error:
        raise CatalogueError(str(error)) from error


def home_catalogue(home: Home, settings: Settings) -> Catalogue:
    """The catalogue in use: the home's own file, or the built-in one that its settings name."""
    own = home.catalogue_path
    return load_catalogue_of(str(own) if own.exists() else settings.catalogue)


def find_account(store: Store, name: str) -> AccountId:
    """The account that `name` means: a label, an npub, or 64 hex digits.

    Raises:
        UnknownNameError: if there is none.
        KeyFormatError: if it is another kind of key.
    """
    with store.read() as reader:
        labelled = reader.account_labelled(name)
        if labelled is not None:
            return labelled.account
        if name.startswith(("npub1", "nprofile1", "nsec1")) or len(name) == 64:
            from nostr_usage.nostr.keys import parse_public_key

            account = AccountId(parse_public_key(name))
            if reader.account(account) is not None:
                return account
    raise UnknownNameError("account", name, advice="`nostr-usage account list` shows them all.")


def write_urls(relays: RelaySet) -> tuple[str, ...]:
    """The relays that entries are written to, each URL in its one spelling."""
    from nostr_usage.relays.urls import normalise_relay_url

    return tuple(normalise_relay_url(relay.url) for relay in relays.write_relays)


def read_urls(relays: RelaySet) -> tuple[str, ...]:
    """The relays that entries are read from, each URL in its one spelling."""
    from nostr_usage.relays.urls import normalise_relay_url

    return tuple(normalise_relay_url(relay.url) for relay in relays.read_relays)


def relay_numbers(store: Store, relays: RelaySet) -> tuple[int, ...]:
    """The store's numbers of the relays that are written to."""
    return store.write(lambda transaction: tuple(transaction.add_relay(url) for url in write_urls(relays)))


def load_catalogue_of(name: str) -> Catalogue:
    """The catalogue `name`: a built-in one, or a path that ends in `.toml`.

    Raises:
        UnknownNameError, CatalogueError: if it cannot be used.
    """
    from nostr_usage.pricing.catalogue import catalogue_from_toml, load_catalogue

    if not name.endswith(".toml"):
        return load_catalogue(name)
    try:
        text = Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(f"cannot read {name}: {error}") from error
    return catalogue_from_toml(text, file=name)


def connection_policy(relays: Iterable[str], *, allow_local: bool = False) -> ConnectionPolicy:
    """The limits of connections to the relays at these URLs, which the user chose.

    A URL that plainly names this machine or its network is taken at its word, and it alone. A name that only
    turns out to lead there is refused, unless `allow_local` says that this is meant.
    """
    from nostr_usage.relays.policy import ConnectionPolicy
    from nostr_usage.relays.urls import is_plainly_local, normalise_relay_url

    local = frozenset(normalise_relay_url(url) for url in relays if is_plainly_local(url))
    return ConnectionPolicy(allow_local=allow_local, local_urls=local)
