"""docs/reliability.md says the truth: each fault stands there once, and each test that it names exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROW = re.compile(r"^\| (\d+) \| [^|]+ \|(?P<happens>[^|]*)\|(?P<tests>[^|]+)\|$", re.MULTILINE)
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")
PAGE = (TESTS.parent / "docs" / "reliability.md").read_text(encoding="utf-8")
NAMES = sorted(set(NAMED.findall(PAGE)))


def test_each_fault_stands_once_and_in_order() -> None:
    assert [int(row[1]) for row in ROW.finditer(PAGE)] == list(range(1, 79))


def test_each_fault_says_what_happens_and_names_a_test() -> None:
    for row in ROW.finditer(PAGE):
        assert NAMED.search(row["tests"]), f"fault {row[1]} names no test"
        other = NAMED.sub("", row["tests"]).strip()
        assert not other, f"fault {row[1]}: {other!r} is no test"
        assert row["happens"].strip(), f"fault {row[1]}"


@pytest.mark.parametrize("path", sorted({path for path, _ in NAMES}))
def test_each_test_that_the_page_names_exists(path: str) -> None:
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {name for of, name in NAMES if of == path} <= there
