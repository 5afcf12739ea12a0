"""Gigya's search language: text -> tokens -> data, and back to text; conditions taken apart by rules of logic.

Knows no site, no account and no database: what a condition means is for those who read it. The project has this one
parser; the sandbox's site answers queries with it too.
"""

from gigya_cheetah_assets.grammar.dates import fill_dates
from gigya_cheetah_assets.grammar.nodes import Condition, QueryError, Select
from gigya_cheetah_assets.grammar.parser import parse, parse_condition
from gigya_cheetah_assets.grammar.text import text_of

__all__ = ["Condition", "QueryError", "Select", "fill_dates", "parse", "parse_condition", "text_of"]
