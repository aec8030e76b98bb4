"""Organisations: members act under pseudonyms, others are refused and nothing changes, quotas hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from nostr_usage import organise
from nostr_usage.errors import InputError, NostrUsageError, RefusedError, UnknownNameError
from nostr_usage.ledger.entry import AccountId, Entry
from nostr_usage.ledger.guardrail import Enforcement, Scope
from nostr_usage.ledger.refusal import Refusal, RefusalCode
from nostr_usage.ledger.window import Period
from nostr_usage.organise import Organiser
from nostr_usage.spend import Spender
from nostr_usage.writing.intent import Clearance, Hold, Intent, Used
from nostr_usage.writing.request import Action
from tests.operators import DAY_S, OperatorOfTests, operator_in
from tests.spenders import allowed, chat, held, refusal, spender_of


@pytest.fixture
def service(tmp_path: Path) -> Generator[OperatorOfTests]:
    """A service with the organisations `acme` (Maria and Omar in Sales, Lee) and `other` (Zoe)."""
    with operator_in(tmp_path) as operator:
        for label in ("acme", "other", "alice"):
            operator.open_account(label)
        organiser, acme, other = organiser_of(operator), account(operator, "acme"), account(operator, "other")
        organiser.found(acme)
        organiser.found(other)
        organiser.add_department(acme, "Sales")
        organiser.add_department(acme, "Support", public_name="support")
        organiser.add_member(acme, "Maria", department="Sales")
        organiser.add_member(acme, "Omar", department="Sales", public_name="omar")
        organiser.add_member(acme, "Lee")
        organiser.add_member(other, "Zoe")
        yield operator


def organiser_of(service: OperatorOfTests) -> Organiser:
    """What organises for the service."""
    return Organiser(store=service.store, operator=service.operator)


def account(service: OperatorOfTests, label: str) -> AccountId:
    """The account with a label."""
    with service.store.read() as reader:
        row = reader.account_labelled(label)
    assert row is not None
    return row.account


def charged(service: OperatorOfTests, key: str, *, actor: str | None, group: str | None = None) -> Entry:
    """The entry of a chat of 10 tokens that was recorded for `acme`."""
    action = Action(
        account=account(service, "acme"),
        activity="magic-mentor",
        tokens=10,
        key=key,
        actor=actor,
        group=group,
    )
    return service.recorder.record(action).entry


def entry_count(service: OperatorOfTests) -> int:
    """Entries and open holds: what a refusal must not change."""
    with service.store.read() as reader:
        held_tokens = sum(reader.held(row.stream_no, now=service.clock.now()) for row in reader.streams())
        return reader.entry_count() + held_tokens


def set_quota(
    service: OperatorOfTests,
    tokens: int,
    *,
    scope: Scope = Scope.MEMBER,
    name: str = "Maria",
    period: Period = Period.MONTH,
    enforcement: Enforcement = Enforcement.REFUSE,
) -> Spender:
    """A quota in `acme`, and what spends under it."""
    acme, spender = account(service, "acme"), spender_of(service)
    quota = organiser_of(service).quota(
        acme, scope=scope, name=name, period=period, tokens=tokens, enforcement=enforcement
    )
    spender.set_budget(acme, quota)
    return spender


def test_entry_names_the_member_by_pseudonym_only(service: OperatorOfTests) -> None:
    """And the department: neither name is anywhere in the signed event."""
    action = Action(
        account=account(service, "acme"), activity="magic-mentor", tokens=10, key="a", actor="Maria"
    )
    receipt = service.recorder.record(action)
    assert receipt.entry.actor is not None
    assert receipt.entry.group is not None
    assert ("m-", "d-") == (receipt.entry.actor[:2], receipt.entry.group[:2])
    assert (18, 18) == (len(receipt.entry.actor), len(receipt.entry.group))
    assert all(name not in receipt.event_json.decode() for name in ("Maria", "Sales"))
    tags = dict(tag[:2] for tag in json.loads(receipt.event_json)["tags"])
    assert receipt.entry.actor == tags["actor"]


def test_public_name_is_published_if_that_is_asked_for(service: OperatorOfTests) -> None:
    """For members and for departments."""
    assert "omar" == charged(service, "a", actor="Omar").actor
    assert ("support",) == (charged(service, "b", actor="Lee", group="Support").group,)


def test_pseudonym_stands_for_the_name(service: OperatorOfTests) -> None:
    """Whoever has only the pseudonym of an entry can act under it."""
    entry = charged(service, "a", actor="Maria")
    again = charged(service, "b", actor=entry.actor, group=entry.group)
    assert (entry.actor, entry.group) == (again.actor, again.group)


def test_same_name_has_another_pseudonym_in_another_organisation(service: OperatorOfTests) -> None:
    """So that nobody can tell that they are one person; in the same one it stays for ever."""
    organiser, acme, other = organiser_of(service), account(service, "acme"), account(service, "other")
    pseudonym = organiser.add_member(acme, "Maria", department="Sales").pseudonym
    assert pseudonym != organiser.add_member(other, "Maria").pseudonym
    organiser.remove_member(acme, "Maria")
    assert pseudonym == organiser.add_member(acme, "Maria").pseudonym


@pytest.mark.parametrize(
    ("actor", "group", "said"),
    [
        ("Zoe", None, "'Zoe' is no member of acme"),
        ("Nobody", None, "'Nobody' is no member of acme"),
        (None, None, "acme is an organisation, and nobody is named who acts for it"),
        ("Maria", "Support", "'Maria' acts for 'Sales' in acme, not for 'Support'"),
        ("Lee", "Legal", "'Legal' is no department of acme"),
        ("maria", None, "'maria' is no member of acme"),
    ],
)
def test_who_is_no_member_is_refused_everywhere(
    service: OperatorOfTests, actor: str | None, group: str | None, said: str
) -> None:
    """With a code and a sentence that says nothing of other organisations; nothing changes."""
    spender, before = spender_of(service), entry_count(service)
    intent = chat(account(service, "acme"), actor=actor, group=group)
    found = [refusal(spender.check(intent)), refusal(spender.reserve(intent, key="k"))]
    with pytest.raises(RefusedError) as raised:
        charged(service, "k", actor=actor, group=group)
    assert isinstance(raised.value.refusal, Refusal)
    for one in (*found, raised.value.refusal):
        assert (RefusalCode.NOT_A_MEMBER, said, 403) == (one.code, one.message, one.status)
    assert before == entry_count(service)


def test_member_may_act(service: OperatorOfTests) -> None:
    """The control of the refusals: the same calls, by a member."""
    before = entry_count(service)
    assert isinstance(spender_of(service).check(chat(account(service, "acme"), actor="Lee")), Clearance)
    charged(service, "k", actor="Lee")
    assert before + 1 == entry_count(service)


def test_accounts_that_are_no_organisation_name_whom_they_like(service: OperatorOfTests) -> None:
    """Or nobody; the pseudonym stands as it was given."""
    alice = account(service, "alice")
    for actor in (None, "anyone"):
        action = Action(account=alice, activity="magic-mentor", tokens=1, key=f"k{actor}", actor=actor)
        assert actor == service.recorder.record(action).entry.actor


def test_who_left_cannot_act_but_what_they_hold_is_charged(service: OperatorOfTests) -> None:
    """A running action ends as it began; a repeated request still gets its receipt."""
    acme, spender = account(service, "acme"), spender_of(service)
    entry = charged(service, "before", actor="Maria")
    hold = held(spender, chat(acme, actor="Maria"), "running")
    organiser_of(service).remove_member(acme, "Maria")
    settled = spender.settle(hold.hold_id, Used(tokens=20)).entry
    assert (entry.actor, entry.group) == (settled.actor, settled.group)
    assert entry == charged(service, "before", actor="Maria")
    assert RefusalCode.NOT_A_MEMBER == refusal(spender.check(chat(acme, actor="Maria"))).code
    with pytest.raises(UnknownNameError):
        organiser_of(service).remove_member(acme, "Maria")


def test_hold_of_who_left_cannot_be_renewed(service: OperatorOfTests) -> None:
    """Once it has expired, it would be a new promise."""
    acme, spender = account(service, "acme"), spender_of(service)
    hold = held(spender, chat(acme, actor="Maria"), "running", ttl_s=60)
    organiser_of(service).remove_member(acme, "Maria")
    service.clock.advance(61)
    assert RefusalCode.NOT_A_MEMBER == refusal(spender.extend(hold.hold_id)).code


def test_moved_member_counts_in_the_new_department(service: OperatorOfTests) -> None:
    """From then on; what was used before stays where it was."""
    acme, organiser = account(service, "acme"), organiser_of(service)
    before = charged(service, "a", actor="Maria").group
    organiser.move_member(acme, "Maria", "Support")
    assert (before, "support") == (
        charged(service, "a", actor="Maria").group,
        charged(service, "b", actor="Maria").group,
    )
    assert None is organiser.move_member(acme, "Maria", None).department


def test_hard_quota_of_a_member_refuses_what_would_pass_it(service: OperatorOfTests) -> None:
    """By the member's name; other members go on."""
    spender, acme = set_quota(service, 300), account(service, "acme")
    held(spender, chat(acme, actor="Maria", tokens=250), "one")
    refused = refusal(spender.check(chat(acme, actor="Maria", tokens=51)))
    assert (RefusalCode.BUDGET_REACHED, 50) == (refused.code, refused.left)
    assert "monthly budget of 300 tokens of member Maria has 50 left" in refused.message
    assert 50 == allowed(spender, chat(acme, actor="Maria", tokens=50)).needed
    assert 400 == allowed(spender, chat(acme, actor="Omar", tokens=400)).needed


def test_quota_of_a_department_counts_all_its_members(service: OperatorOfTests) -> None:
    """Charged and running ones; members of none are not touched."""
    spender, acme = set_quota(service, 300, scope=Scope.GROUP, name="Sales"), account(service, "acme")
    hold = held(spender, chat(acme, actor="Maria", tokens=100), "one")
    spender.settle(hold.hold_id, Used(tokens=180))
    held(spender, chat(acme, actor="Omar", tokens=100), "two")
    refused = refusal(spender.reserve(chat(acme, actor="Maria", tokens=21), key="three"))
    assert (RefusalCode.BUDGET_REACHED, 20) == (refused.code, refused.left)
    assert "group Sales" in refused.message
    assert isinstance(spender.reserve(chat(acme, actor="Lee", tokens=500), key="four"), Hold)


def test_soft_quota_says_so_and_goes_on(service: OperatorOfTests) -> None:
    """A caution beside the yes."""
    spender = set_quota(service, 100, enforcement=Enforcement.WARN)
    cautions = allowed(spender, chat(account(service, "acme"), actor="Maria", tokens=150)).cautions
    assert any("member Maria by 50 tokens" in caution.message for caution in cautions)


def test_daily_quota_begins_anew(service: OperatorOfTests) -> None:
    """At midnight of the plan's zone."""
    spender, acme = set_quota(service, 100, period=Period.DAY), account(service, "acme")
    hold = held(spender, chat(acme, actor="Maria", tokens=100), "one")
    spender.settle(hold.hold_id, Used(tokens=100))
    assert RefusalCode.BUDGET_REACHED == refusal(spender.check(chat(acme, actor="Maria", tokens=1))).code
    service.clock.advance(DAY_S)
    assert 100 == allowed(spender, chat(acme, actor="Maria", tokens=100)).needed


def test_quota_of_each_member(service: OperatorOfTests) -> None:
    """Counts every one apart; a member's own goes before it only by being tighter or looser for them."""
    spender, acme = set_quota(service, 100, name=""), account(service, "acme")
    for name in ("Maria", "Omar", "Lee"):
        assert isinstance(spender.reserve(chat(acme, actor=name, tokens=100), key=name), Hold)
        assert RefusalCode.BUDGET_REACHED == refusal(spender.check(chat(acme, actor=name, tokens=1))).code


def test_adding_again_changes_nothing(service: OperatorOfTests) -> None:
    """The same member and the same department, as they were."""
    organiser, acme = organiser_of(service), account(service, "acme")
    assert organiser.add_department(acme, "Sales") == organiser.add_department(acme, "Sales")
    first = organiser.add_member(acme, "Maria", department="Sales")
    service.clock.advance(5)
    assert first == organiser.add_member(acme, "Maria", department="Sales")
    assert "omar" == organiser.add_member(acme, "Omar", department="Sales", public_name="omar").pseudonym


Attempt = Callable[[Organiser, AccountId, AccountId], object]
BAD: dict[str, tuple[type[NostrUsageError], Attempt]] = {
    "no such account": (UnknownNameError, lambda o, _a, _b: o.found(AccountId("ab" * 32))),
    "no organisation": (UnknownNameError, lambda o, _a, b: o.add_member(b, "Maria")),
    "no organisation, department": (UnknownNameError, lambda o, _a, b: o.add_department(b, "Sales")),
    "no such department": (UnknownNameError, lambda o, a, _b: o.add_member(a, "New", department="Legal")),
    "no such member to move": (UnknownNameError, lambda o, a, _b: o.move_member(a, "Zoe", None)),
    "no such place to move to": (UnknownNameError, lambda o, a, _b: o.move_member(a, "Maria", "Legal")),
    "no such member to remove": (UnknownNameError, lambda o, a, _b: o.remove_member(a, "Zoe")),
    "empty name": (InputError, lambda o, a, _b: o.add_member(a, "")),
    "long name": (InputError, lambda o, a, _b: o.add_member(a, "x" * 101)),
    "control character": (InputError, lambda o, a, _b: o.add_member(a, "a\x1b[31m")),
    "public name with a line feed": (InputError, lambda o, a, _b: o.add_member(a, "New", public_name="a\nb")),
    "public name is taken": (InputError, lambda o, a, _b: o.add_member(a, "New", public_name="omar")),
    "public name is another's name": (InputError, lambda o, a, _b: o.add_member(a, "New", public_name="Lee")),
    "name is another's public name": (InputError, lambda o, a, _b: o.add_member(a, "omar")),
    "another public name": (InputError, lambda o, a, _b: o.add_member(a, "Omar", public_name="om")),
    "department's public name is taken": (
        InputError,
        lambda o, a, _b: o.add_department(a, "Help", public_name="support"),
    ),
    "department's other public name": (
        InputError,
        lambda o, a, _b: o.add_department(a, "Support", public_name="s"),
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_is_refused_and_changes_nothing(service: OperatorOfTests, name: str) -> None:
    """With an error of its kind, whose message shows nothing that a terminal would obey."""
    kind, attempt = BAD[name]
    acme, alice = account(service, "acme"), account(service, "alice")
    before = roster(service)
    with pytest.raises(kind) as raised:
        attempt(organiser_of(service), acme, alice)
    assert raised.value.message.isprintable()
    assert before == roster(service)


def roster(service: OperatorOfTests) -> object:
    """All that is registered anywhere."""
    with service.store.read() as reader:
        numbers = [row.account_no for row in tuple(reader.accounts())]
        return [(reader.is_organisation(n), reader.members(n), reader.departments(n)) for n in numbers]


def test_quota_of_a_stranger_is_unknown(service: OperatorOfTests) -> None:
    """Neither a member of another organisation nor a department that is not there can have one here."""
    for scope, name in ((Scope.MEMBER, "Zoe"), (Scope.GROUP, "Legal")):
        with pytest.raises(UnknownNameError):
            set_quota(service, 5, scope=scope, name=name)


def test_refused_intent_is_not_looked_up_as_a_budget(service: OperatorOfTests) -> None:
    """A stranger who passes a budget as well learns of the membership only."""
    spender = set_quota(service, 0, name="")
    refused = refusal(
        spender.check(Intent(account=account(service, "acme"), activity="magic-mentor", actor="Zoe"))
    )
    assert RefusalCode.NOT_A_MEMBER == refused.code


def test_organisations_are_bounded(service: OperatorOfTests, monkeypatch: pytest.MonkeyPatch) -> None:
    """One member or department too many is refused; those that are there can be added again."""
    organiser, acme = organiser_of(service), account(service, "acme")
    monkeypatch.setattr(organise, "MEMBERS_MAX", 3)
    monkeypatch.setattr(organise, "DEPARTMENTS_MAX", 2)
    for attempt in (organiser.add_member, organiser.add_department):
        with pytest.raises(InputError, match="at most"):
            attempt(acme, "One too many")
    organiser.add_member(acme, "Lee")
    organiser.add_department(acme, "Sales")
