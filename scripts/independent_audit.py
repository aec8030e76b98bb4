#!/usr/bin/env python3
"""Audits a usage ledger with its public key and some relays alone, and none of the code of this project.

Finds every account, merges what all relays serve, and checks ids, signatures, seals, chains and sums as
PROTOCOL.md has them. Exits with 0 if all is well, 1 if not, 2 if there was nothing to check.
"""

import argparse
import json
import re
import sys
from collections import defaultdict
from contextlib import ExitStack, suppress
from hashlib import sha256
from typing import Any

import secp256k1
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

Row = dict[int, dict[str, Any]]  # entries by number, then by id: two with one number are a fork
KIND, PAGE, BATCH, END_OF_TIME = 30078, 500, 100, 253_402_300_799
NEUTRAL = dict.fromkeys(("open", "plan", "close", "memo", "gauge"), 0)
SIGN = NEUTRAL | {"grant": 1, "refund": 1, "debit": -1, "reverse": -1, "expire": -1}
MALFORMED = (LookupError, TypeError, ValueError, AttributeError, RecursionError)


def public_key(text: str) -> str:
    """64 hex digits, or those of an npub. Its checksum is left aside: a mistyped key has signed nothing."""
    if not re.fullmatch("npub1[02-9ac-hj-np-z]{58}|[0-9a-f]{64}", text):
        raise argparse.ArgumentTypeError("neither an npub nor 64 lowercase hex digits")
    bits = "".join(f"{'qpzry9x8gf2tvdw0s3jn54khce6mua7l'.find(letter):05b}" for letter in text[5:57])
    return text if len(text) == 64 else f"{int(bits, 2) >> 4:064x}"


def digest(*values: object) -> str:
    """Hex SHA-256 of a list of values, serialised as NIP-01 says."""
    return sha256(json.dumps(values, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def read_entry(event: Any, ledger: str) -> dict[str, Any]:
    """The entry in an event; one of MALFORMED unless the ledger key signed it and its form is right."""
    (address, *rest), created_at, content = event["tags"], event["created_at"], event["content"]
    event_id = digest(0, ledger, created_at, KIND, event["tags"], content)
    key: Any = secp256k1.PublicKey(bytes.fromhex("02" + ledger), raw=True)
    single = [tag for tag in rest if tag[0] not in ("usage", "price", "orphan")]
    tags = {tag[0]: tag[1] for tag in single}
    meter, change = tags["s"].split(":")[1], SIGN[tags["op"]] * int(tags["tokens"])
    prefix = f"ai-{'usage' if tags['op'] in ('debit', 'memo', 'gauge') else 'credit'}-{tags['m']}:"
    numbers = [tags["seq"], tags["tokens"], tags["balance"].removeprefix("-"), tags.get("o", "0")]
    if not (
        (event["id"], event["pubkey"], tags["v"], len(tags)) == (event_id, ledger, "ul1", len(single))
        and re.fullmatch("[0-9a-f]{128}", event["sig"])  # the C library would read past a shorter one
        and key.schnorr_verify(bytes.fromhex(event_id), bytes.fromhex(event["sig"]), None, raw=True)
        and address == ["d", prefix + digest("ul1", KIND, ledger, created_at, prefix, rest, content)]
        and tags["s"] == f"{tags['p'][:32]}:{meter}:{tags['seq']}"
        and all(re.fullmatch("0|[1-9][0-9]{0,14}", number) for number in numbers)
        and ("o" in tags) == (tags["op"] == "open") == (tags["seq"] == "1")
    ):
        raise ValueError("not signed by the ledger key, or malformed")
    return {**tags, "id": event_id, "created_at": created_at, "meter": meter, "change": change}


def fetch(relay: Any, ledger: str, tag: str, values: list[str]) -> list[Any]:
    """What a relay has with these values of a tag: newest first, page by page, until nothing new comes."""
    wanted = {"kinds": [KIND], "authors": [ledger], tag: values, "limit": PAGE, "until": END_OF_TIME}
    found, held = dict[str, Any](), -1
    while held < (held := len(found)):
        relay.send(json.dumps(["REQ", "audit", wanted]))
        while (message := json.loads(relay.recv(timeout=20)))[0] != "EOSE":
            if message[0] == "CLOSED":
                raise OSError(message[2])
            with suppress(*MALFORMED):  # what the ledger did not sign proves nothing against it
                entry = read_entry(message[2], ledger)
                found[entry["id"]] = entry
                wanted["until"] = min(wanted["until"], entry["created_at"])
    return list(found.values())


def lacking(row: Row) -> list[int]:
    """The first of 1, 2, 3 … that a row has not, some of them after its last."""
    return [number for number in range(1, len(row) + BATCH + 1) if number not in row][:BATCH]


def read_ledger(urls: list[str], ledger: str) -> dict[str, Row]:
    """What all relays have together: accounts by `o` in the row "", each stream's entries in its own."""
    relays, rows = dict[str, Any].fromkeys(urls), defaultdict[str, Row](lambda: defaultdict(dict))

    def ask(tag: str, values: list[str]) -> None:
        for url in list(relays):
            try:
                relays[url] = relays[url] or connections.enter_context(connect(url, proxy=None))
                for entry in fetch(relays[url], ledger, tag, values):
                    rows[f"{entry['p'][:32]}:{entry['meter']}:"][int(entry["seq"])][entry["id"]] = entry
                    if "o" in entry:
                        rows[""][int(entry["o"])][entry["id"]] = entry
            except (OSError, WebSocketException, *MALFORMED) as error:
                print(f"{url} could not be read: {error}", file=sys.stderr)
                del relays[url]

    def ask_for_lacking(tag: str, name: str) -> None:
        held = -1
        while held < (held := len(rows[name])):
            ask(tag, [f"{name}{number}" for number in lacking(rows[name])])

    with ExitStack() as connections:
        ask_for_lacking("#o", "")
        for account in [entry["p"] for slot in rows[""].values() for entry in slot.values()]:
            ask("#p", [account])
        for stream in [name for name in rows if name]:
            ask_for_lacking("#s", stream)
    return rows


def check(name: str, row: Row) -> dict[str, Any]:
    """What a row adds up to, and what is wrong: gaps, forks, links and sums that do not follow."""
    entries = [entry for slot in row.values() for entry in slot.values()]
    wrong = [f"{name or 'account '}{number} is missing" for number in lacking(row) if number < max(row)]
    wrong += [f"{name or 'account '}{number} is a fork" for number, slot in row.items() if len(slot) > 1]
    for entry in entries:
        before = {"0" * 64: {"balance": "0"}} if "o" in entry else row.get(int(entry["seq"]) - 1, {})
        if before and entry["prev"] not in before:
            wrong.append(f"{entry['s']} does not name the one before")
        elif before and int(entry["balance"]) != int(before[entry["prev"]]["balance"]) + entry["change"]:
            wrong.append(f"{entry['s']} adds up wrongly")
    added, used = (sum(max(sign * entry["change"], 0) for entry in entries) for sign in (1, -1))
    totals = {"added": added, "used": used, "balance": None if wrong else added - used, "problems": wrong}
    return {"account": entries[0]["p"], "meter": entries[0]["meter"], "entries": len(entries), **totals}


def main() -> int:
    """Prints what each stream adds up to, and what is wrong; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ledger", type=public_key, metavar="NPUB_OR_HEX", help="public key of the ledger")
    parser.add_argument("relays", nargs="+", metavar="RELAY", help="ws:// or wss:// address")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    if not (rows := read_ledger(asked.relays, asked.ledger))[""]:
        parser.error("no relay that could be read has an account of this ledger")
    accounts, *streams = [check(name, row) for name, row in rows.items()]
    problems = [what for row in (accounts, *streams) for what in row.pop("problems")]
    lines = ["  ".join(f"{name} {value!s:>6.16}" for name, value in row.items()) for row in streams]
    report = {"streams": streams, "problems": problems}
    print(json.dumps(report, indent=2) if asked.json else "\n".join([*lines, *(problems or ["all is well"])]))
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
