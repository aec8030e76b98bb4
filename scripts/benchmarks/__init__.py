"""What decides how fast the ledger is, measured as ratios against peers and limits in one run.

ledgers     ledgers of any size, made in bulk
measuring   rounds, medians, spread, and the table
recording   durable entries a second, against signing and inserting without callers
spending    holds kept and settled a second, in tasks, threads and processes, against the same floor
published   a ledger on a relay, and rebuilding it
rebuilding  relay to empty store, against reading without a sink and against another client
reporting   balance, month and breakdowns as the ledger grows, and the start of the command
dashboard   the first figure, a million rows, keys, news, doing nothing: terminal runs it, long_history and
            arriving make what it shows
memory      peaks of publishing and rebuilding, as the ledger grows
"""
