"""`nostr-usage catalogue …`: what a product sells, as one TOML file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from nostr_usage.amount import format_dollars, format_tokens
from nostr_usage.cli.options import json_option, pass_clock, pass_home
from nostr_usage.cli.output import print_json, print_line, print_raw, print_table, token_rate
from nostr_usage.clock import Clock
from nostr_usage.errors import InputError
from nostr_usage.home import Home
from nostr_usage.pricing.affordable import best_value_pack
from nostr_usage.pricing.catalogue import (
    BUILT_IN_CATALOGUES,
    DEFAULT_CATALOGUE,
    Catalogue,
    built_in_text,
    catalogue_schema,
    load_catalogue,
)
from nostr_usage.pricing.economics import plan_economics
from nostr_usage.pricing.offers import CycleKind, Plan
from nostr_usage.wiring import home_catalogue, load_catalogue_of


@click.group()
def catalogue() -> None:
    """What a product sells: activities, plans, packs, features, thresholds, models.

    One TOML file says it all. Five come with the program; one of your own is given by its path.
    """


@catalogue.command("check", epilog="Example: nostr-usage catalogue check my.toml")
@click.argument("name", metavar="FILE")
@json_option
def check(*, name: str, as_json: bool) -> None:
    """Read a catalogue and say whether it can be used; an error names its line and key.

    Exit codes: 0 it can be used, 2 it cannot.
    """
    found = load_catalogue_of(name)
    if as_json:
        print_json({"name": found.name, "version": found.version, "digest": found.digest})
        return
    print_line(f"{name}: catalogue {found.name}, version {found.version}, can be used")
    counts = (
        f"{len(found.activities)} activities, {len(found.plans)} plans, {len(found.packs)} packs,"
        f" {len(found.meters)} meters"
    )
    print_line(f"  {counts}")
    print_line(f"  digest {found.digest}")


@catalogue.command("list", epilog="Example: nostr-usage catalogue list")
@json_option
def list_catalogues(*, as_json: bool) -> None:
    """The catalogues that come with the program.

    Exit codes: 0 done.
    """
    found = [load_catalogue(name) for name in BUILT_IN_CATALOGUES]
    if as_json:
        print_json([{"name": one.name, "version": one.version, "title": one.title} for one in found])
        return
    rows = [
        (
            one.name,
            one.version,
            one.title,
            ", ".join(plan.name for plan in one.plans),
            ", ".join(one.spent_meters),
        )
        for one in found
    ]
    print_table(("name", "version", "title", "plans", "meters"), rows)


@catalogue.command("show", epilog="Example: nostr-usage catalogue show koffers")
@click.argument("name", required=False)
@json_option
@pass_home
def show(home: Home, *, name: str | None, as_json: bool) -> None:
    """Everything in a catalogue: that of this home, or NAME, or the one in a file.

    Exit codes: 0 done, 2 no such catalogue, 5 no usable home.
    """
    found = load_catalogue_of(name) if name is not None else home_catalogue(home, home.settings())
    if as_json:
        print_json(found.model_dump(mode="json", by_alias=True))
        return
    print_line(f"{found.title} ({found.name}, version {found.version})")
    print_line(f"a token is shown as ${token_rate(found.token_value)}; low below {found.low_balance:,}")
    _print_activities(found)
    _print_plans(found)
    _print_packs(found)


@catalogue.command("new", epilog="Example: nostr-usage catalogue new my.toml --like koffers")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--like",
    type=click.Choice(BUILT_IN_CATALOGUES),
    default=DEFAULT_CATALOGUE,
    show_default=True,
    help="The catalogue to begin with.",
)
def new(*, path: Path, like: str) -> None:
    """Write a catalogue to begin with into FILE, which must not be there yet.

    Exit codes: 0 done, 2 the file is there already or cannot be written.
    """
    if path.suffix != ".toml":
        raise InputError(f"{path} does not end in .toml", advice="Name it like my.toml.")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(built_in_text(like))
    except OSError as error:
        raise InputError(
            f"cannot write {path}: {error.strerror}", advice="Choose another name or directory."
        ) from None
    print_line(f"{path}: a copy of {like}; give it a name of its own, change it, then check it:")
    print_line(f"  nostr-usage catalogue check {path}")


@catalogue.command("schema", epilog="Example: nostr-usage catalogue schema > catalogue.schema.json")
def schema() -> None:
    """The JSON Schema of a catalogue, for editors that check TOML as it is written.

    Exit codes: 0 done.
    """
    print_json(catalogue_schema())


@catalogue.command("margins", epilog="Example: nostr-usage catalogue margins koffers")
@click.argument("name", required=False)
@json_option
@pass_home
@pass_clock
def margins(clock: Clock, home: Home, *, name: str | None, as_json: bool) -> None:
    """What each plan costs when it is used up, and what is left of its price: for the operator's own eyes.

    Reckoned at the model and mix of the catalogue's [aims], one token being one unit of the model.

    Exit codes: 0 done, 2 no such catalogue, 3 it has no [aims], or no price for their model.
    """
    found = load_catalogue_of(name) if name is not None else home_catalogue(home, home.settings())
    rows = [plan_economics(found, plan, at=clock.now()) for plan in found.plans]
    if as_json:
        print_json([{**asdict(row), "margin_percent": row.margin_percent} for row in rows])
        return
    cells = [
        (
            row.plan,
            format_tokens(row.tokens),
            format_dollars(row.cost_micro_dollars),
            format_dollars(row.budget_micro_dollars),
            format_dollars(row.price_micro_dollars),
            format_dollars(row.margin_micro_dollars),
            "" if row.margin_percent is None else f"{row.margin_percent} %",
            "" if row.is_within_budget else "over budget",
        )
        for row in rows
    ]
    header = ("plan", "tokens", "cost", "budget", "price", "margin", "of price", "")
    print_table(header, cells, right=(1, 2, 3, 4, 5, 6))


@catalogue.command("source", epilog="Example: nostr-usage catalogue source transparency")
@click.argument("name", type=click.Choice(BUILT_IN_CATALOGUES))
def source(*, name: str) -> None:
    """The TOML of a catalogue that comes with the program, with its comments.

    Exit codes: 0 done, 2 no such catalogue.
    """
    print_raw(built_in_text(name).rstrip("\n"))


def _print_activities(found: Catalogue) -> None:
    rows = [
        (
            rule.name,
            rule.label,
            rule.meter,
            ", ".join(rule.accepts),
            _range(rule.expected.low, rule.expected.high),
            ", ".join(f"{add_on.name} +{add_on.tokens:,}" for add_on in rule.add_ons),
        )
        for rule in found.activities
    ]
    print_line()
    print_table(("activity", "label", "meter", "charged", "tokens", "add-ons"), rows, right=(4,))


def _print_plans(found: Catalogue) -> None:
    rows = [
        (
            plan.name,
            format_dollars(plan.price_micro_dollars),
            _cycle(plan),
            " / ".join(format_tokens(found.allowance_of(plan, meter)) for meter in found.spent_meters),
            "unlimited" if plan.analytics_days is None else f"{plan.analytics_days} days",
            ", ".join(plan.features),
        )
        for plan in found.plans
    ]
    print_line()
    header = ("plan", "price", "cycle", " / ".join(found.spent_meters), "analytics", "features")
    print_table(header, rows, right=(1, 3))


def _print_packs(found: Catalogue) -> None:
    best = best_value_pack(found.packs)
    rows = [
        (
            pack.name,
            format_dollars(pack.price_micro_dollars),
            f"{pack.tokens:,}",
            found.meter_of_pack(pack),
            ", ".join(f"-{step.percent_off} % from {step.from_count}" for step in pack.bulk),
            "best value" if pack is best else "",
        )
        for pack in found.packs
    ]
    print_line()
    print_table(("pack", "price", "tokens", "meter", "several at once", ""), rows, right=(1, 2))


def _cycle(plan: Plan) -> str:
    cycle = plan.cycle
    every = f"every {cycle.days} days" if cycle.kind is CycleKind.EVERY_DAYS else cycle.kind.replace("_", " ")
    return f"{every}, {cycle.zone}"


def _range(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"
