"""A process that reads accounts for a pass: `python -m nostr_usage.sync.worker`, started by `workers`.

It reads over connections of its own and writes to the same store, each account in short transactions, so
whatever ends it leaves the store as sound as the end of any other program. It ends when the pass does: its
orders end then, even if the program that gave them was killed.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from random import Random

from nostr_usage.clock import SystemClock
from nostr_usage.errors import HomeError
from nostr_usage.ledger.entry import AccountId
from nostr_usage.relays.pool import RelayPool
from nostr_usage.relays.together import run_together
from nostr_usage.store import Store
from nostr_usage.sync.account import LedgerReader
from nostr_usage.sync.keeping import Keeper
from nostr_usage.sync.readers import LedgerFilter, Readers
from nostr_usage.sync.work import ACCOUNTS_AT_ONCE_MAX, Assignment, Failed, Finished, Ready, pack, receive

YOUNG_OBJECTS_MAX = 50_000
"""Objects between two searches for garbage: pages are full of objects, and hardly any is ever garbage."""

_Accounts = asyncio.Queue[AccountId | None]


def main() -> None:
    """Work until all that was asked is done, or whoever asked has gone."""
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS_MAX, 20, 100)
    try:
        asyncio.run(_work())
    except (EOFError, BrokenPipeError):
        sys.exit("the program that started this worker has gone")
    except HomeError as error:
        _tell(Failed(message=error.message, advice=error.advice, is_of_store=True))
    except Exception as error:  # noqa: BLE001  # told to whoever waits, who raises it
        _tell(Failed(message=f"{type(error).__name__}: {error}", advice="", is_of_store=False))


async def _work() -> None:
    orders = await _standard_input()
    assignment = await receive(orders)
    assert isinstance(assignment, Assignment)
    with Store.open(assignment.store_path) as store:
        async with RelayPool(policy=assignment.policy, clock=SystemClock(), random=Random()) as pool:
            readers = Readers(pool, tuple(assignment.patience_s), patience_s=assignment.patience_s)
            await _try_relays(readers, assignment.ledger)
            _tell(Ready(has_all_relays=len(readers.urls) == len(assignment.patience_s)))
            keeper = Keeper(
                store,
                relay_numbers=assignment.relay_numbers,
                check_every_signature=assignment.check_every_signature,
                has_loop_to_itself=True,
            )
            reader = LedgerReader(readers, assignment.ledger, keeper)
            accounts = _Accounts()
            await run_together(
                _take_orders(orders, accounts),
                *(_read(reader, accounts) for _ in range(ACCOUNTS_AT_ONCE_MAX)),
            )
            await keeper.keep_sightings()
            _tell(Finished(relays=readers.readings()))


async def _try_relays(readers: Readers, ledger: LedgerFilter) -> None:
    """Connect, and ask for what there is not: whether a relay serves one more client shows in its answer."""
    await readers.connect()
    await asyncio.gather(*(readers.fetch(url, ledger.having("o", ("0",), limit=1)) for url in readers.urls))


async def _take_orders(orders: asyncio.StreamReader, accounts: _Accounts) -> None:
    """Pass on which accounts to read; the end of the orders ends all work, whatever is under way."""
    while (account := await receive(orders)) is not None:
        assert isinstance(account, str)
        accounts.put_nowait(AccountId(account))
    for _ in range(ACCOUNTS_AT_ONCE_MAX):
        accounts.put_nowait(None)


async def _read(reader: LedgerReader, accounts: _Accounts) -> None:
    while (account := await accounts.get()) is not None:
        _tell(await reader.read(account))


async def _standard_input() -> asyncio.StreamReader:
    pipe = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(pipe), sys.stdin.buffer
    )
    return pipe


def _tell(message: object) -> None:
    sys.stdout.buffer.write(pack(message))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
