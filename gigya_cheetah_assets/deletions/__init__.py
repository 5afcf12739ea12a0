"""Accounts that are deleted in Gigya: found window by window, told to CheetahMail, and kept away for good.

Knows no Dagster. Tombstones are the ledger's; keeping deleted people out of rows and files is each direction's own.
"""
