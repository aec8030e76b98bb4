"""`nostr-usage show|audit`: one entry with its proof, and everything that is held, checked again."""

from __future__ import annotations

import json

import click

from nostr_usage.amount import format_dollars, format_tokens
from nostr_usage.cli.choosing import chosen_entry, chosen_stream, meter_option
from nostr_usage.cli.options import json_option, pass_home
from nostr_usage.cli.output import (
    ExitCode,
    Progress,
    iso_time,
    moment,
    print_event,
    print_json,
    print_line,
    print_note,
    print_table,
)
from nostr_usage.errors import HomeError
from nostr_usage.home import Home
from nostr_usage.ledger.entry import AccountId, Entry
from nostr_usage.nostr.nip19 import encode_note, encode_npub
from nostr_usage.proof import (
    AuditReport,
    EntryProof,
    Finding,
    audit_store,
    authority_of,
    ledger_of,
    opening_key,
    prove_entry,
)
from nostr_usage.store import Reader, StreamRow
from nostr_usage.wiring import ReaderHome, open_reader

FINDINGS_SHOWN = 100
_MARKS = {True: "✓", False: "✗", None: "–"}


@click.command(epilog="Example: nostr-usage show f2a0c312   or: nostr-usage show 7 --account alice")
@click.argument("entry")
@click.option("--account", help="The account, where ENTRY is a number of its stream.")
@meter_option
@click.option("--raw", is_flag=True, help="Print the signed event only.")
@json_option
@pass_home
def show(home: Home, *, entry: str, account: str | None, meter: str | None, raw: bool, as_json: bool) -> int:
    """One entry: its event, every check of it, its description where a key here opens it.

    ENTRY is an id, its first 8 digits or more, a note1… or nevent1…, or a number with --account.

    Exit codes: 0 done, 1 a check failed, 2 no such entry, 5 no usable home.
    """
    with open_reader(home) as opened, opened.store.read() as reader:
        stream = None if account is None else chosen_stream(opened, reader, account, meter=meter)
        row = chosen_entry(reader, entry, stream=stream)
        held_in = reader.stream_numbered(row.stream_no)
        proof = prove_entry(
            reader,
            row,
            authority=authority_of(opened.settings),
            conversation_key=_opening_key(opened, reader, held_in),
        )
        label = _label(reader, held_in.account)
    if raw:
        print_event(proof.event_json)
    elif as_json:
        print_json(_proof_object(proof, label))
    else:
        _print_proof(proof, label)
    return ExitCode.DONE if proof.is_sound else ExitCode.PROBLEMS


def _label(reader: Reader, account: AccountId) -> str:
    row = reader.account(account)
    return (row.label if row else None) or ""


def _opening_key(opened: ReaderHome, reader: Reader, stream: StreamRow) -> bytes | None:
    """What opens the sealed details of a stream; without it they stay sealed, and why is said."""
    try:
        return opening_key(opened.home, opened.settings.role, reader, stream)
    except HomeError as error:
        print_note(f"{error.message}: descriptions stay sealed")
        return None


def _proof_object(proof: EntryProof, label: str) -> dict[str, object]:
    row = proof.row
    return {
        "entry_id": row.entry_id,
        "note": encode_note(row.entry_id),
        "account": proof.stream.account,
        "label": label,
        "meter": proof.stream.meter,
        "seq": row.seq,
        "head_seq": proof.stream.seq,
        "operation": row.operation.value,
        "type": row.type,
        "tokens": row.signed_tokens,
        "micro_dollars": row.cost,
        "balance": row.balance,
        "occurred_at": iso_time(row.occurred_at),
        "created_at": iso_time(row.created_at),
        "prices": proof.entry.prices if proof.entry else (),
        "is_sound": proof.is_sound,
        "checks": [
            {"name": check.name, "is_ok": check.is_ok, "detail": check.detail, "code": check.code.value}
            for check in proof.checks
        ],
        "description": proof.details.description if proof.details else None,
        "metadata": dict(proof.details.metadata) if proof.details else None,
        "description_from": proof.details_from,
        "relays": [{"url": holder.url, "state": holder.state} for holder in proof.holders],
        "event": json.loads(proof.event_json),
    }


def _print_proof(proof: EntryProof, label: str) -> None:
    row, stream = proof.row, proof.stream
    value = f", {format_dollars(row.cost)}" if row.cost else ""
    moved = f": {row.signed_tokens:+,} {stream.meter}{value}" if row.tokens else ""
    print_line(f"{row.operation} {row.type}{moved}")
    _print_field("entry", row.entry_id)
    _print_field("", encode_note(row.entry_id))
    _print_field("account", f"{label} {encode_npub(stream.account)}".strip())
    _print_field("place", f"{row.seq} of {stream.seq} in meter {stream.meter}, state {stream.status}")
    _print_field("occurred", moment(row.occurred_at))
    if row.created_at != row.occurred_at:
        _print_field("signed", moment(row.created_at))
    _print_field("balance", f"{format_tokens(row.balance)} afterwards")
    if proof.entry is not None:
        _print_prices(proof.entry)
    text = proof.details.description if proof.details else ""
    _print_field("text", f"{text} ({proof.details_from})".strip())
    for name, value in proof.details.metadata.items() if proof.details else ():
        _print_field("", f"{name} = {value}")
    for holder in proof.holders:
        _print_field("relay", f"{holder.url} {holder.state}")
    for check in proof.checks:
        print_line(f"  {_MARKS[check.is_ok]} {check.name:<12} {check.detail}")
    print_event(proof.event_json)


def _print_field(name: str, value: str) -> None:
    print_line(f"  {name:<10} {value}")


def _print_prices(entry: Entry) -> None:
    for line in entry.usage:
        _print_field("usage", f"{line.model} {line.bucket} {line.units:,}")
    for price in entry.prices:
        _print_field("price", price)


@click.command(epilog="Example: nostr-usage audit --json")
@click.option("--quick", is_flag=True, help="Second opinions on some signatures only; no texts, no draws.")
@json_option
@pass_home
def audit(home: Home, *, quick: bool, as_json: bool) -> int:
    """Check all that is held here again, from the signed events up; nothing that the store says is believed.

    Every id, signature (by two builds of libsecp256k1 where both are installed), form and seal, link and
    sum; every stream folded again from zero and compared with its saved state, its sums by month and what
    refunds would find; the numbers of accounts; the manifests.

    Exit codes: 0 all is right, 1 something was found, 5 no usable home.
    """
    with open_reader(home) as opened:
        ledger = ledger_of(opened.settings)
        with Progress("auditing") as progress:
            report = audit_store(opened.store, ledger, is_quick=quick, on_progress=progress.show)
    if as_json:
        print_json(_report_object(report, is_quick=quick))
    else:
        _print_report(report)
    return ExitCode.DONE if report.is_sound else ExitCode.PROBLEMS


def _report_object(report: AuditReport, *, is_quick: bool) -> dict[str, object]:
    return {
        "is_sound": report.is_sound,
        "is_quick": is_quick,
        "entries": report.entries,
        "streams": report.streams,
        "manifests": report.manifests,
        "signatures": dict(report.signatures),
        "finding_count": report.finding_count,
        "findings": [_finding_object(finding) for finding in report.findings],
    }


def _finding_object(finding: Finding) -> dict[str, object]:
    return {
        "account": finding.account,
        "meter": finding.meter,
        "code": finding.problem.code.value,
        "message": finding.problem.message,
        "seq": finding.problem.seq,
        "entry_id": finding.problem.entry_id,
    }


def _print_report(report: AuditReport) -> None:
    print_line(f"{report.entries:,} entries in {report.streams:,} streams, {report.manifests:,} manifests")
    for backend, count in report.signatures:
        print_line(f"  {count:,} signatures checked by {backend}")
    if len(report.signatures) == 1:
        print_note("Only one signature backend is installed: there was no second opinion.")
    if report.is_sound:
        print_line("All of it is right: ids, signatures, seals, links, sums, totals and numbers.")
        return
    rows = [
        (
            finding.problem.code.value,
            (finding.account or "")[:16],
            finding.problem.entry_id[:8] if finding.problem.entry_id else "",
            finding.problem.message,
        )
        for finding in report.findings[:FINDINGS_SHOWN]
    ]
    print_table(("finding", "account", "entry", "what"), rows)
    if report.finding_count > len(rows):
        print_note(f"… the first {len(rows):,} are shown; --json has more")
    print_line(f"{report.finding_count:,} findings.")
