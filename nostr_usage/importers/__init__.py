"""Usage that was measured elsewhere, read into the ledger.

trace   a table of AI requests with times and counts, moved onto a period that ends now
"""
