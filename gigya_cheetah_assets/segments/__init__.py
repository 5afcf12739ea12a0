"""Segments: the accounts that satisfy a filter, and how joins and leaves reach CheetahMail.

From the sync file's filter to a membership (`filter`, `read`, `members`), from two memberships to joins and leaves with
their reasons (`changes`), from these to the outbox and the ledger (`deliver`), and to the flag columns of the outbound
rows (`flags`). Knows nothing of Dagster.
"""
