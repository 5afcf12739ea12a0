"""Gigya's search language: text -> tokens -> data -> SQL for SQLite. Running it is in `sandbox.gigya.search`."""

from gigya_cheetah_assets.sandbox.gigya.query.nodes import QueryError, Select
from gigya_cheetah_assets.sandbox.gigya.query.parser import parse

__all__ = ["QueryError", "Select", "parse"]
