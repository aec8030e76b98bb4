"""Deletion requests: what they name, and what is said of one that the ledger key signed."""

from __future__ import annotations

from nostr_usage.ledger.problems import ProblemCode
from nostr_usage.wire.deletion import DELETION_KIND, VANISH_KIND, deleted_ids, deletion_problem
from tests.signed_events import signed, signer_of

SIGNER = signer_of(1)
ONE, TWO = "ab" * 32, "cd" * 32


def test_ids_are_named_once_and_only_as_ids() -> None:
    """Repeats, capitals, short ones and tags without a value name nothing."""
    tags = (("e", ONE), ("e", TWO, "wss://relay.example"), ("e", ONE), ("e", "AB" * 32), ("e", "ab"), ("e",))
    assert (ONE, TWO) == deleted_ids(signed(SIGNER, kind=DELETION_KIND, tags=tags))


def test_addresses_are_no_ids() -> None:
    """They are counted in the report, and not looked up."""
    request = signed(SIGNER, kind=DELETION_KIND, tags=(("a", f"30078:{SIGNER.pubkey}:d"), ("e", ONE)))
    assert (ONE,) == deleted_ids(request)
    assert "2 of its events" in deletion_problem(request).message


def test_a_request_to_vanish_names_nothing_and_means_everything() -> None:
    """Whatever tags it has."""
    request = signed(SIGNER, kind=VANISH_KIND, tags=(("e", ONE), ("relay", "ALL_RELAYS")))
    assert () == deleted_ids(request)
    problem = deletion_problem(request)
    assert ProblemCode.DELETION_REQUEST is problem.code
    assert "all that it ever signed" in problem.message
    assert request.id in problem.message
