"""What use means: breakdowns, trends, forecasts, warnings and advice, from values alone.

    use        one action as these functions see it: when, what, who, how much
    breakdown  use by activity, model, member, department, prompt, day or month, in shares that add up
    sums       the same sums in every dimension at once, by day and month
    trend      use a day, its rate, and this month against the same days of the last one
    forecast   when a balance runs out, early and late
    unusual    days far above the others, and bursts of actions
    standing   many accounts: power users, those at risk, averages against targets, dearest actions
    accuracy   what was quoted against what was charged
    margin     what customers paid against what the models cost: the operator's own
    advice     what would have cost less, computed from what was used

Pure: no clock, no store, no Nostr. Times are unix seconds, days and months those of a time zone. Sums are
exact; only a forecast, which is a guess with its range, is computed in floating point.
"""
