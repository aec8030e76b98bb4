"""Views beyond balance, month and history: what people compare, search and plan by.

outlook        what a balance is enough for, and how long it lasts
trends         a month day by day, against the one before
filtering      the filter language of histories
stream_use     use by activity, model, member, group, prompt, day, hour: from saved sums, whatever the history
analytics      what use means, for the functions of `insight`
"""
