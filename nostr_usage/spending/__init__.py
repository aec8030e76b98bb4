"""What only `spend` needs: whether an action may begin, and how it ends.

quoting        what an action is expected to cost, what that leaves, and what would be refused
own_history    what an account's own actions were charged, for quotes
budgeting      budgets: what is used of each; setting and removing an account's own
rules          check, reserve, extend, settle and void inside a transaction
admission      guardrails applied to one intent
relief         what would help whoever was refused
metered_call   what an action used, step by step
"""
