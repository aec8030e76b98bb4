"""Quotes for an account: its own history, what is left, what would be refused; nothing is kept of them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from nostr_usage.clock import ManualClock
from nostr_usage.errors import AmountError, InputError, NostrUsageError, UnknownModelError, UnknownNameError
from nostr_usage.ledger.entry import AccountId, Source
from nostr_usage.ledger.guardrail import Budget, Enforcement, Scope
from nostr_usage.ledger.refusal import HelpKind, Refusal, RefusalCode
from nostr_usage.ledger.window import Period
from nostr_usage.pricing.catalogue import load_catalogue
from nostr_usage.pricing.expectation import Basis, Range
from nostr_usage.pricing.quote import QuoteWarning
from nostr_usage.pricing.usage import Bucket, measured_usage
from nostr_usage.report import stream_of
from nostr_usage.reporting.estimates import accuracy_of
from nostr_usage.reporting.preview import cost_preview
from nostr_usage.spend import AsyncSpender, Spender
from nostr_usage.spending.quoting import Prompt, QuoteView
from nostr_usage.writing.intent import Intent, Used
from nostr_usage.writing.request import Action, Grant
from tests.operators import OperatorOfTests, operator_in
from tests.spenders import balance, chat, held, refusal, spender_of

MODEL = "claude-sonnet-4-5"


@pytest.fixture
def service(tmp_path: Path) -> Generator[OperatorOfTests]:
    """A service of the default catalogue on 1 February 2026."""
    with operator_in(tmp_path) as operator:
        yield operator


@pytest.fixture
def lab(tmp_path: Path) -> Generator[OperatorOfTests]:
    """A service that charges what the models cost."""
    with operator_in(tmp_path, catalogue=load_catalogue("prompt_lab")) as operator:
        yield operator


@pytest.fixture
def account(service: OperatorOfTests) -> AccountId:
    """An account with 5,000 tokens."""
    return service.open_account()


@pytest.fixture
def spender(service: OperatorOfTests) -> Spender:
    """What spends for the service."""
    return spender_of(service)


def record(service: OperatorOfTests, action: Action, *, count: int, **fields: object) -> None:
    """That action so often, each under a key of its own."""
    for number in range(count):
        service.recorder.record(replace(action, key=f"{action.key}-{number}", **fields))  # pyright: ignore[reportArgumentType] - a test names fields freely


def run(account: AccountId, model: str, *, units_in: int = 1_000, units_out: int = 200) -> Action:
    """A prompt that ran on a model."""
    usage = (measured_usage(model, {Bucket.FRESH_INPUT: units_in, Bucket.OUTPUT: units_out}),)
    return Action(account=account, activity="prompt-run", key=model, usage=usage)


def test_a_new_account_is_quoted_the_catalogue(spender: Spender, account: AccountId) -> None:
    """With what is left of it, and nothing kept: the same quote again."""
    view = spender.quote(chat(account))
    assert (Basis.CATALOGUE, 190, 250, 310, 0) == (
        view.quote.basis,
        view.quote.low,
        view.quote.typical,
        view.quote.high,
        view.quote.samples,
    )
    assert view.quote.remainder is not None
    assert (5_000, 4_750, 4_690, 4_810) == (
        view.quote.remainder.before,
        view.quote.remainder.after,
        view.quote.remainder.after_low,
        view.quote.remainder.after_high,
    )
    assert (True, None, "Magic Mentor", "tokens", 1_000) == (
        view.is_allowed,
        view.refused_at_high,
        view.label,
        view.meter,
        view.low_balance,
    )
    assert view == spender.quote(chat(account))


def test_twenty_actions_of_ones_own_make_the_range(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """Nineteen do not; other activities and other accounts do not count."""
    other = service.open_account("bob")
    for number in range(20):
        assert Basis.CATALOGUE is spender.quote(chat(account)).quote.basis
        for whose in (account, other):
            action = Action(account=whose, activity="magic-mentor", tokens=101 + number, key=f"{number}")
            if whose is account or number < 19:
                service.recorder.record(action)
    quote = spender.quote(chat(account)).quote
    assert (Basis.HISTORY, 20, 102, 110, 118) == (
        quote.basis,
        quote.samples,
        quote.low,
        quote.typical,
        quote.high,
    )
    assert Basis.CATALOGUE is spender.quote(chat(other)).quote.basis
    assert Basis.CATALOGUE is spender.quote(chat(account, activity="quiz-generation")).quote.basis


def test_the_newest_two_hundred_are_enough(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """What was usual long ago is not what is usual now."""
    service.recorder.grant(Grant(account=account, tokens=10**6, source=Source.PURCHASED, key="pack"))
    action = Action(account=account, activity="magic-mentor", key="old", tokens=900)
    record(service, action, count=40)
    record(service, replace(action, key="new", tokens=200), count=200)
    assert (200, 200, 200) == (
        (quote := spender.quote(chat(account)).quote).samples,
        quote.low,
        quote.high,
    )


def test_add_ons_are_taken_off_and_put_on(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """Experiments with pictures tell what one without costs, and one with sound."""
    service.recorder.grant(Grant(account=account, tokens=10**6, source=Source.PURCHASED, key="pack"))
    action = Action(account=account, activity="experiment-creation", key="e", tokens=3_700)
    record(service, replace(action, add_ons=("images",)), count=20)
    intent = Intent(account=account, activity="experiment-creation")
    assert 3_700 == spender.quote(intent).quote.typical
    assert 8_700 == spender.quote(replace(intent, add_ons=("audio",))).quote.typical


def test_charges_of_another_version_tell_nothing(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """A catalogue that was changed has a new version, and its own estimates count again."""
    record(service, Action(account=account, activity="magic-mentor", key="c", tokens=100), count=20)
    assert 100 == spender.quote(chat(account)).quote.typical
    catalogue = service.catalogue.model_copy(update={"version": "2"})
    newer = Spender(store=service.store, operator=service.operator, catalogue=catalogue)
    assert 250 == newer.quote(chat(account)).quote.typical


def test_a_models_own_actions_make_its_range(lab: OperatorOfTests) -> None:
    """Where the price decides, other models do not count; what goes in and out is told apart."""
    account, spender = lab.open_account(plan="enterprise"), spender_of(lab)
    record(lab, run(account, MODEL), count=20)
    record(lab, run(account, "gpt-5-mini"), count=19)
    intent = Intent(account=account, activity="prompt-run", model=MODEL)
    quote = spender.quote(intent).quote
    assert (Basis.HISTORY, 20, 600, 600) == (quote.basis, quote.samples, quote.typical, quote.high)
    assert quote.sides is not None
    assert [(Range.exactly(1_000), 300), (Range.exactly(200), 300)] == [
        (side.units, side.tokens) for side in quote.sides
    ]
    assert ["gpt-5-mini", "gemini-2.5-flash", "gpt-5"] == [one.model for one in quote.cheaper]
    mini = spender.quote(replace(intent, model="gpt-5-mini")).quote
    assert (Basis.CATALOGUE, 500) == (mini.basis, mini.typical)
    every = spender.quote(replace(intent, model=None)).quote
    assert (Basis.HISTORY, 39, None, ()) == (every.basis, every.samples, every.sides, every.cheaper)


def test_a_model_that_decides_no_charge_may_borrow(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """Messages that are counted or stated cost the same with every model; its own go first."""
    record(service, Action(account=account, activity="quiz-generation", key="q", tokens=100), count=20)
    intent = Intent(account=account, activity="quiz-generation", model="gpt-5")
    assert (Basis.HISTORY, 100) == (
        (quote := spender.quote(intent).quote).basis,
        quote.typical,
    )


def test_a_prompt_is_quoted_at_the_price_of_its_model(lab: OperatorOfTests) -> None:
    """2,000 in at $3 and 500 out at $15 are $0.0135: 1,350 tokens. What comes out is known from history."""
    account, spender = lab.open_account(plan="enterprise"), spender_of(lab)
    intent = Intent(account=account, activity="prompt-run", model=MODEL)
    known = Prompt(tokens=Range.exactly(2_000), completion_tokens=500)
    quote = spender.quote(intent, prompt=known).quote
    assert (Basis.REQUEST, 1_350, 1_350, False) == (
        quote.basis,
        quote.low,
        quote.high,
        quote.is_completion_assumed,
    )
    guess = spender.quote(intent, prompt=replace(known, completion_tokens=None)).quote
    assert (True, 0) == (guess.is_completion_assumed, guess.samples)
    record(lab, run(account, MODEL, units_out=500), count=20)
    told = spender.quote(intent, prompt=replace(known, completion_tokens=None)).quote
    assert (1_350, 20, False) == (told.typical, told.samples, told.is_completion_assumed)


def test_what_the_caller_states_goes_first(spender: Spender, account: AccountId) -> None:
    """Add-ons included, as for a hold; with a prompt it is said twice."""
    quote = spender.quote(chat(account, tokens=700)).quote
    assert (Basis.STATED, 700, 700) == (quote.basis, quote.low, quote.high)
    experiment = Intent(account=account, activity="experiment-creation", add_ons=("images",), tokens=1_000)
    lines = spender.quote(experiment).quote.lines
    assert [500, 500] == [line.tokens for line in lines if line.is_chosen]
    with pytest.raises(InputError, match="do not even cover its add-ons"):
        spender.quote(replace(experiment, tokens=499))
    with pytest.raises(InputError, match="both stated"):
        spender.quote(chat(account, tokens=700), prompt=Prompt(tokens=Range.exactly(5)))


def test_a_quote_says_what_would_be_refused_and_what_would_help(spender: Spender, account: AccountId) -> None:
    """The same answer as `check`, at the typical cost."""
    intent = Intent(account=account, activity="experiment-creation", add_ons=("images", "audio"))
    view = spender.quote(intent)
    assert spender.check(intent) == view.decision
    assert not view.is_allowed
    assert (RefusalCode.NOT_ENOUGH, [HelpKind.WAIT, HelpKind.DROP_ADD_ON, HelpKind.BUY]) == (
        refusal(view.decision).code,
        [one.kind for one in refusal(view.decision).help],
    )
    assert (QuoteWarning.NOT_ENOUGH,) == view.quote.warnings
    assert view.refused_at_high is None


def test_a_quote_says_what_would_be_refused_at_its_highest(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """A budget that the typical cost keeps and the highest does not."""
    budget = Budget(
        scope=Scope.ACCOUNT, period=Period.DAY, tokens=4_000, enforcement=Enforcement.RAISE_OR_WAIT
    )
    spender.set_budget(account, budget)
    view = spender.quote(Intent(account=account, activity="experiment-creation"))
    assert view.is_allowed
    assert isinstance(view.refused_at_high, Refusal)
    assert (RefusalCode.BUDGET_REACHED, 4_200, 4_000) == (
        view.refused_at_high.code,
        view.refused_at_high.needed,
        view.refused_at_high.left,
    )


def test_too_large_an_action_is_told_to_be_split(tmp_path: Path) -> None:
    """In the words of the catalogue, and into how many parts."""
    with operator_in(tmp_path, catalogue=load_catalogue("vibrationfit")) as service:
        account, spender = service.open_account(plan="annual"), spender_of(service)
        view = spender.quote(Intent(account=account, activity="blueprint", tokens=1_200_000))
        found = refusal(view.decision)
        assert (RefusalCode.ACTION_TOO_LARGE, 413) == (found.code, found.status)
        assert [(HelpKind.SPLIT, "Break it into smaller refinements.", 500_000)] == [
            (one.kind, one.text, one.tokens) for one in found.help
        ]


def test_what_is_held_is_not_left(spender: Spender, account: AccountId) -> None:
    """A quote stands on what can still be promised."""
    held(spender, Intent(account=account, activity="experiment-creation"), "running")
    view = spender.quote(chat(account))
    assert view.quote.remainder is not None
    assert (1_100, 850) == (view.quote.remainder.before, view.quote.remainder.after)
    assert (QuoteWarning.RUNNING_LOW,) == view.quote.warnings


def test_low_is_where_the_plan_says(tmp_path: Path) -> None:
    """A tenth of the allowance: 60,000 of 600,000 tokens."""
    with operator_in(tmp_path, catalogue=load_catalogue("vibrationfit")) as service:
        account, spender = service.open_account(plan="monthly"), spender_of(service)
        assert 60_000 == spender.quote(Intent(account=account, activity="viva-chat")).low_balance


async def test_a_loop_gets_the_same_quote(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """Both façades do what the one implementation says."""
    other = AsyncSpender(store=service.store, operator=service.operator, catalogue=service.catalogue)
    assert spender.quote(chat(account)) == await other.quote(chat(account))


def test_a_preview_shows_what_the_plan_includes(lab: OperatorOfTests) -> None:
    """The free tier sees tokens; what goes in and out, and other models, are sold."""
    clock = ManualClock(lab.clock.now())
    views: dict[str, QuoteView] = {}
    for plan in ("free", "teams"):
        account = lab.open_account(plan, plan=plan)
        intent = Intent(account=account, activity="prompt-run", model=MODEL)
        prompt = Prompt(tokens=Range.exactly(100), completion_tokens=50)
        with lab.store.read() as reader:
            views[plan] = cost_preview(reader, lab.catalogue, intent, prompt=prompt, clock=clock)
    assert (False, None, ()) == (
        views["free"].is_full,
        views["free"].quote.sides,
        views["free"].quote.cheaper,
    )
    assert views["teams"].is_full
    assert len(views["teams"].quote.cheaper) == 3
    assert views["teams"].quote.typical == views["free"].quote.typical


@pytest.mark.parametrize(
    ("fields", "prompt", "error"),
    [
        ({"account": AccountId("ab" * 32)}, None, UnknownNameError),
        ({"activity": "mind-reading"}, None, UnknownNameError),
        ({"add_ons": ("images",)}, None, UnknownNameError),
        ({"tokens": -1}, None, AmountError),
        ({"tokens": 2.5}, None, AmountError),
        ({"actor": ""}, None, InputError),
        ({"model": "nobodys"}, None, UnknownModelError),
        ({"activity": "profile-matching"}, Prompt(tokens=Range.exactly(1)), InputError),
        ({}, Prompt(tokens=Range.exactly(1)), InputError),
        ({"model": MODEL}, Prompt(tokens=Range.exactly(1), completion_tokens=-1), AmountError),
        ({"model": MODEL}, Prompt(tokens=Range.exactly(10**16)), NostrUsageError),
    ],
)
def test_what_cannot_be_quoted_is_refused(
    service: OperatorOfTests,
    spender: Spender,
    account: AccountId,
    fields: dict[str, object],
    prompt: Prompt | None,
    error: type[NostrUsageError],
) -> None:
    """With an error that says why, and the balance as it was."""
    with pytest.raises(error):
        spender.quote(chat(account, **fields), prompt=prompt)
    assert 5_000 == balance(service, account).tokens


def test_estimates_are_compared_with_charges(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """Held against charged, for what was settled: not what runs, was voided, or was never reserved."""
    for key, tokens in (("a", 240), ("b", 400)):
        hold = held(spender, chat(account), key)
        spender.settle(hold.hold_id, Used(tokens=tokens))
    match = held(spender, Intent(account=account, activity="profile-matching"), "c")
    spender.settle(match.hold_id, Used())
    spender.void(held(spender, chat(account), "d").hold_id)
    held(spender, chat(account), "e")
    service.recorder.record(Action(account=account, activity="magic-mentor", tokens=1, key="f"))
    with service.store.read() as reader:
        stream = stream_of(reader, account)
        found = accuracy_of(reader, stream)
        assert [
            ("magic-mentor", 2, 500, 640, 1),
            ("profile-matching", 1, 300, 300, 0),
            ("", 3, 800, 940, 1),
        ] == [(one.activity, one.count, one.quoted, one.charged, one.exceeded) for one in found]
        only = accuracy_of(reader, stream, activity="profile-matching")
        assert ["profile-matching", ""] == [one.activity for one in only]
        assert () == accuracy_of(reader, stream, activity="quiz-generation")


def test_a_quote_that_is_reserved_is_compared(
    service: OperatorOfTests, spender: Spender, account: AccountId
) -> None:
    """Its typical figure is what the hold keeps back, so it is the quote that is judged."""
    quote = spender.quote(chat(account)).quote
    hold = held(spender, chat(account, tokens=quote.typical), "k")
    spender.settle(hold.hold_id, Used(tokens=300))
    with service.store.read() as reader:
        (_, everything) = accuracy_of(reader, stream_of(reader, account))
    assert (quote.typical, 300, 20) == (everything.quoted, everything.charged, everything.off_typical)
