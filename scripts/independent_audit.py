#!/usr/bin/env python3
"""Checks a usage ledger with its public key and some relays, and none of the code of the project.

Finds every account, reads its entries from all relays together, and checks ids, signatures, seals, chains and
sums as PROTOCOL.md has them. Exits with 0 if all is well, else 1. Needs `websockets` and `secp256k1`.
"""

import argparse
import hashlib
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any

import secp256k1
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

Event = dict[str, Any]
Entry = dict[str, str]  # the first value of each tag, and the id
Streams = dict[tuple[str, str], dict[int, list[Entry]]]  # by account and meter, by seq; two in a slot: a fork
KIND, PAGE, BATCH, GAP_MAX, END_OF_TIME = 30078, 500, 100, 10_000, 253_402_300_799
NEUTRAL = dict.fromkeys(("open", "plan", "close", "memo", "gauge"), 0)
SIGN = NEUTRAL | {"grant": 1, "refund": 1, "debit": -1, "reverse": -1, "expire": -1}
FIELD = 2**256 - 2**32 - 977
START: Entry = {"id": "0" * 64, "balance": "0"}


def hex_key(text: str) -> str:
    """The public key that an npub (bech32, NIP-19) or 64 hex digits stand for."""
    values = ["qpzry9x8gf2tvdw0s3jn54khce6mua7l".find(letter) for letter in text[5:]]
    checksum, key = 1, 0
    for value in (3, 3, 3, 3, 0, 14, 16, 21, 2, *values):  # "npub" expanded, then the data
        top, checksum = checksum >> 25, (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            checksum ^= generator * (top >> bit & 1)
    for value in values[:-6]:
        key = key << 5 | value
    if len(text) == 64 and not text.strip("0123456789abcdef"):
        key = int(text, 16) << 4
    elif text[:5] != "npub1" or len(values) != 58 or min(values) < 0 or checksum != 1:
        raise argparse.ArgumentTypeError("neither an npub nor 64 lowercase hex digits")
    point, is_padded = divmod(key, 16)
    if is_padded or point >= FIELD or pow(point**3 + 7, (FIELD - 1) // 2, FIELD) != 1:
        raise argparse.ArgumentTypeError("no public key: it is not on the curve")
    return f"{point:064x}"


def sha256(value: object) -> bytes:
    """The hash of the value, serialised as NIP-01 says."""
    return hashlib.sha256(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()).digest()


def is_authentic(event: Any, ledger: str) -> bool:
    """Whether the ledger key signed exactly this; secp256k1 reads past short input, so lengths matter."""
    try:
        fields = [event[name] for name in ("pubkey", "created_at", "kind", "tags", "content")]
        event_id, signature = sha256([0, *fields]), bytes.fromhex(event["sig"])
        texts = [text for tag in event["tags"] for text in (tag[0], *tag)]
        is_typed = isinstance(event["created_at"], int) and all(isinstance(text, str) for text in texts)
        is_its_own = (event["pubkey"], event["id"], len(signature)) == (ledger, event_id.hex(), 64)
        key: Any = secp256k1.PublicKey(b"\2" + bytes.fromhex(ledger), raw=True)
        return is_typed and is_its_own and key.schnorr_verify(event_id, signature, None, raw=True)
    except (LookupError, TypeError, ValueError):
        return False


def pages(relay: Any, wanted: dict[str, Any]) -> Iterator[Event]:
    """What one relay has for a filter: newest first, page by page, until nothing older comes."""
    until, known = END_OF_TIME, set[str]()
    while until >= 0:
        page, message = dict[str, Event](), [""]
        relay.send(json.dumps(["REQ", "audit", {**wanted, "limit": PAGE, "until": until}]))
        for _ in range(10 * PAGE):
            message = json.loads(relay.recv(timeout=20))
            if message[0] in ("EOSE", "CLOSED"):
                break
            if message[0] == "EVENT" and is_authentic(event := message[2], wanted["authors"][0]):
                is_asked_for = event["created_at"] <= until and event["kind"] in wanted["kinds"]
                page |= {event["id"]: event} if is_asked_for else {}
        if message[0] != "EOSE":
            raise OSError(f"no complete answer: {message}")
        if not page:
            return
        yield from page.values()
        # A page may end within a second: that second again, unless it brought nothing new.
        until = min(event["created_at"] for event in page.values()) - (page.keys() <= known)
        known |= page.keys()


def read_entry(event: Event) -> Entry:
    """The entry that an authentic event carries; LookupError or ValueError if it is not well-formed."""
    if event["kind"] != KIND:
        raise ValueError("asks relays to delete")
    tags = {tag[0]: "".join(tag[1:2]) for tag in event["tags"]}
    once = [tag[0] for tag in event["tags"] if tag[0] not in ("usage", "price", "orphan")]
    prefix = f"ai-{'usage' if tags['op'] in ('debit', 'memo', 'gauge') else 'credit'}-{tags['m']}:"
    rest = [tag for tag in event["tags"] if tag[0] != "d"]
    kind, author, created_at, content = (event[name] for name in ("kind", "pubkey", "created_at", "content"))
    seal = sha256(["ul1", kind, author, created_at, prefix, rest, content]).hex()
    account, meter, seq = tags["s"].split(":")
    numbers = [tags["seq"], tags["tokens"], tags["balance"], tags.get("o", "1")]
    for is_right, what in (
        (tags["d"] == prefix + seal, "seal"),
        (len(once) == len(set(once)) and {"prev", "x"} <= set(once), "set of tags"),
        (tags["v"] == "ul1" and tags["op"] in SIGN, "version or operation"),
        (all(str(int(number)) == number for number in numbers) and int(tags["tokens"]) >= 0, "number"),
        (account == tags["p"][:32] and meter.isprintable() and seq == tags["seq"] and int(seq) > 0, "slot"),
        (("o" in tags) == (tags["op"] == "open") == (seq == "1"), "opening"),
    ):
        if not is_right:
            raise ValueError(f"wrong {what}")
    return {**tags, "id": event["id"], "meter": meter}


def up_to_highest(numbers: Collection[int]) -> range:
    """1, 2, 3 … to the highest of the numbers, but no endless gap that somebody made up."""
    return range(1, min(max(numbers, default=0), len(numbers) + GAP_MAX) + 1)


class Audit:
    """Everything that the relays served, sorted into streams, and everything that is wrong with it."""

    def __init__(self, ledger: str, urls: list[str], connections: ExitStack) -> None:
        self.ledger, self.connections = ledger, connections
        self.relays: dict[str, Any] = dict.fromkeys(urls)
        self.streams: Streams = defaultdict(lambda: defaultdict(list, {0: [START]}))
        self.seen, self.opened = set[str](), Counter[int]()
        self.problems, self.remarks = list[str](), list[str]()

    def fetch(self, **wanted: Any) -> None:
        """Asks every relay, and sorts what is new."""
        wanted = {"kinds": [KIND], "authors": [self.ledger], **wanted}
        for url in list(self.relays):
            try:
                if self.relays[url] is None:
                    self.relays[url] = self.connections.enter_context(connect(url, proxy=None))
                for event in pages(self.relays[url], wanted):
                    self.sort(event)
            except (OSError, WebSocketException, LookupError, TypeError, ValueError, RecursionError) as error:
                self.remarks.append(f"{url} could not be read: {error}")
                del self.relays[url]

    def sort(self, event: Event) -> None:
        """Puts an entry into its stream; other records of a ledger have a `t` tag; the rest is a problem."""
        if event["id"] in self.seen:
            return
        self.seen.add(event["id"])
        try:
            if event["kind"] != KIND or not any(tag[0] == "t" for tag in event["tags"]):
                entry = read_entry(event)
                self.streams[entry["p"], entry["meter"]][int(entry["seq"])].append(entry)
                self.opened.update([int(entry["o"])] if "o" in entry else [])
        except (LookupError, ValueError) as error:
            self.problems.append(f"{event['id']} is signed, but no entry: {error!r}")

    def fetch_each(self, tag: str, values: dict[int, str], held: Collection[int]) -> None:
        """Asks for what is not held, and again while that brings something: a relay may cut its answers."""
        while missing := [value for number, value in values.items() if number not in held]:
            before = len(held)
            self.fetch(**{tag: missing})
            if len(held) == before:
                return

    def read(self) -> None:
        """Asks for deletions, accounts by number, entries by account, then gaps and the newest by slot."""
        self.fetch(kinds=[5, 62])
        for first in count(1, BATCH):
            numbers = range(first, first + BATCH)
            self.fetch_each("#o", {number: str(number) for number in numbers}, self.opened)
            if not any(number in self.opened for number in numbers):
                break
        for account in sorted({account for account, _ in self.streams}):
            self.fetch(**{"#p": [account]})
        for (account, meter), entries in list(self.streams.items()):
            asked = set(entries)
            while batch := sorted({*up_to_highest(entries), max(entries) + 1} - asked)[:BATCH]:
                asked.update(batch)
                self.fetch_each("#s", {seq: f"{account[:32]}:{meter}:{seq}" for seq in batch}, entries)

    def check(self, account: str, meter: str) -> dict[str, Any]:
        """The totals of one stream; a balance only if nothing is missing and nothing contradicts itself."""
        entries, sums, requests = self.streams[account, meter], Counter[int](), Counter[str]()
        found = [f"{seq} is missing" for seq in up_to_highest(entries) if seq not in entries]
        for seq, (entry, *others) in sorted(entries.items())[1:]:
            tokens = SIGN[entry["op"]] * int(entry["tokens"])
            sums[SIGN[entry["op"]]] += tokens
            requests[entry["x"]] += 1
            before = entries[seq - 1][0] if seq - 1 in entries else None
            for is_wrong, what in (
                (others, "stands beside another"),
                (requests[entry["x"]] > 1, "charges a request again"),
                (before and entry["prev"] != before["id"], "does not name the one before"),
                (before and int(entry["balance"]) != int(before["balance"]) + tokens, "adds up wrongly"),
            ):
                found += [f"{seq} {what}"] if is_wrong else []
        self.problems += [f"{account} {meter} {what}" for what in found]
        balance = None if found else sums.total()
        totals = {"entries": len(entries) - 1, "added": sums[1], "used": -sums[-1], "balance": balance}
        return {"account": account, "meter": meter, **totals}

    def run(self) -> list[dict[str, Any]]:
        """Reads everything, and gives the totals of every stream."""
        self.read()
        for number in up_to_highest(self.opened):
            if self.opened[number] != 1:
                self.problems.append(f"account number {number} is missing, or there twice")
        if not (self.relays and self.streams):
            self.problems.append("no relay could be read to the end, or none has an entry")
        return [self.check(*stream) for stream in sorted(self.streams)]


def main() -> int:
    """Prints totals and a verdict; 0 if nothing is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("ledger", type=hex_key, metavar="NPUB_OR_HEX", help="public key of the ledger")
    parser.add_argument("relays", nargs="+", metavar="RELAY", help="ws:// or wss:// address")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with ExitStack() as connections:
        audit = Audit(options.ledger, options.relays, connections)
        streams = audit.run()
    verdict = "problems" if audit.problems else "ok"
    findings = {"problems": audit.problems, "remarks": audit.remarks, "verdict": verdict}
    if options.json:
        print(json.dumps({"streams": streams, **findings}, indent=2))
        return bool(audit.problems)
    for row in streams:
        print("  ".join(f"{name} {value}" for name, value in row.items()))
    print(*audit.remarks, *audit.problems, verdict, sep="\n")
    return bool(audit.problems)


if __name__ == "__main__":
    sys.exit(main())
