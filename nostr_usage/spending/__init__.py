"""What only `spend` needs: whether an action may begin, and how it ends.

rules          check, reserve, extend, settle and void inside a transaction
admission      guardrails applied to one intent
relief         what would help whoever was refused
metered_call   what an action used, step by step
"""
