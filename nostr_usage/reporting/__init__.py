"""Views beyond balance, month and history: what people compare, search and plan by.

outlook        what a balance is enough for, and how long it lasts
trends         the usual use of a day, and how long a balance lasts at it
periods        days, weeks, months and years to page through
usage          all that one screen tells of a period
value          what was used, against what it costs in packs
filtering      the filter language of histories
stream_use     use by activity, model, member, group, prompt, day, hour: from saved sums, whatever the history
uses           debits and refunds, one by one, for the functions of `insight`
platform       what all accounts used together
entitlement    how far back a plan lets views look, and which of them it includes
preview        what an action will cost, shown before it runs
estimates      what was quoted and held, against what was charged
analytics      what use means, for the functions of `insight`
"""
