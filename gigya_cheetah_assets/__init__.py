"""Keeps Gigya (SAP Customer Data Cloud) and CheetahMail in agreement, as Dagster assets.

`definitions.py` is the whole system on one page; everything below the Dagster modules is plain Python.
"""
