"""Gigya's query grammar by recursive descent: SELECT, FROM, WHERE, ORDER BY, START, LIMIT, in this order only.

Source: Gigya, accounts.search, query syntax. Keywords are case-insensitive, field names are not; AND binds tighter
than OR. What a condition means is for those who read it.
"""

from __future__ import annotations

from typing import cast

from gigya_cheetah_assets.grammar.lexer import Token, tokens
from gigya_cheetah_assets.grammar.nodes import (
    Both,
    Compare,
    Condition,
    Contains,
    In,
    IsNull,
    Not,
    Order,
    Ordering,
    QueryError,
    Regex,
    Select,
    Selected,
    Value,
)

DEEPEST = 50
# Far beyond any number of Gigya's; Python itself refuses to read those of more than 4300 digits.
LONGEST_NUMBER = 400
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
RESERVED = frozenset(
    [
        "select",
        "from",
        "where",
        "and",
        "or",
        "not",
        "in",
        "is",
        "null",
        "contains",
        "order",
        "by",
        "asc",
        "desc",
        "start",
        "limit",
        "as",
    ]
)


def parse(query: str) -> Select:
    """The query as data.

    Raises:
        QueryError: It breaks the grammar.
    """
    return _Parser(query).select()


def parse_condition(text: str) -> Condition:
    """What stands after WHERE, alone.

    Raises:
        QueryError: It is not one condition of the grammar.
    """
    return _Parser(text).condition()


class _Parser:
    def __init__(self, query: str) -> None:
        self._tokens = list(tokens(query))
        self._next = 0
        self._depth = 0

    def condition(self) -> Condition:
        condition = self._any_of()
        if self._token.kind != "end":
            raise self._expected("AND, OR or the end of the condition")
        return condition

    def select(self) -> Select:
        self._need("select")
        selected = [self._selected()]
        while self._sign(","):
            selected.append(self._selected())
        self._need("from")
        source = self._path("a source")
        where = self._any_of() if self._keyword("where") else None
        order = self._order() if self._keyword("order") else []
        start = self._whole("START") if self._keyword("start") else None
        limit = self._whole("LIMIT") if self._keyword("limit") else None
        if self._token.kind != "end":
            raise self._expected("the end of the query; clauses are SELECT, FROM, WHERE, ORDER BY, START, LIMIT")
        return Select(tuple(selected), source, where, tuple(order), start, limit)

    # SELECT and ORDER BY

    def _selected(self) -> Selected:
        if self._sign("*"):
            return Selected("*")
        path = self._path("a field")
        if self._sign("("):
            if path.lower() != "count" or not self._sign("*") or not self._sign(")"):
                raise self._expected("count(*), the only function that is known here")
            return Selected("count(*)")
        return Selected(path, self._path("a name") if self._keyword("as") else None)

    def _order(self) -> list[Ordering]:
        self._need("by")
        order = [self._ordering()]
        while self._sign(","):
            order.append(self._ordering())
        return order

    def _ordering(self) -> Ordering:
        path = self._path("a field")
        if self._keyword("desc"):
            return Ordering(path, descending=True)
        self._keyword("asc")
        return Ordering(path)

    # WHERE

    def _any_of(self) -> Condition:
        conditions = [self._all_of()]
        while self._keyword("or"):
            conditions.append(self._all_of())
        return conditions[0] if len(conditions) == 1 else Both("OR", tuple(conditions))

    def _all_of(self) -> Condition:
        conditions = [self._one()]
        while self._keyword("and"):
            conditions.append(self._one())
        return conditions[0] if len(conditions) == 1 else Both("AND", tuple(conditions))

    def _one(self) -> Condition:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._expected(f"at most {DEEPEST} conditions inside one another")
        try:
            if self._keyword("not"):
                return Not(self._one())
            if self._sign("("):
                condition = self._any_of()
                self._need_sign(")")
                return condition
            return self._condition(self._path("a field"))
        finally:
            self._depth -= 1

    def _condition(self, path: str) -> Condition:
        if self._token.text in _COMPARISONS and self._token.kind == "sign":
            return self._comparison(path, cast("Order", self._take().text))
        if self._keyword("is"):
            negated = self._keyword("not")
            self._need("null")
            return Not(IsNull(path)) if negated else IsNull(path)
        return Not(self._member(path)) if self._keyword("not") else self._member(path)

    def _comparison(self, path: str, operator: Order) -> Condition:
        if self._keyword("regex"):
            pattern = self._in_parentheses()
            if operator not in ("=", "!=") or not isinstance(pattern, str):
                raise self._expected("= regex('...')")
            return Regex(path, pattern) if operator == "=" else Not(Regex(path, pattern))
        if self._keyword("null"):
            if operator not in ("=", "!="):
                raise self._expected("a value; null has no order")
            return IsNull(path) if operator == "=" else Not(IsNull(path))
        return Compare(path, operator, self._value())

    def _member(self, path: str) -> Condition:
        if self._keyword("contains"):
            return Contains(path, self._in_parentheses() if self._peek_sign("(") else self._value())
        if self._keyword("regex"):
            pattern = self._in_parentheses()
            if isinstance(pattern, str):
                return Regex(path, pattern)
        if not self._keyword("in"):
            raise self._expected("an operator")
        self._need_sign("(")
        values = [self._value()]
        while self._sign(","):
            values.append(self._value())
        self._need_sign(")")
        return In(path, tuple(values))

    def _in_parentheses(self) -> Value:
        self._need_sign("(")
        value = self._value()
        self._need_sign(")")
        return value

    def _value(self) -> Value:
        token = self._token
        value: Value
        if token.kind == "string":
            value = token.text
        elif token.kind == "number":
            value = _number(self._short(token).text)
        elif token.kind == "word" and token.text.lower() in ("true", "false"):
            value = token.text.lower() == "true"
        else:
            raise self._expected("a quoted text, a number, true or false")
        self._take()
        return value

    # Tokens

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._token
        self._next += token.kind != "end"
        return token

    def _keyword(self, word: str) -> bool:
        found = self._token.kind == "word" and self._token.text.lower() == word
        self._next += found
        return found

    def _peek_sign(self, sign: str) -> bool:
        return self._token.kind == "sign" and self._token.text == sign

    def _sign(self, sign: str) -> bool:
        found = self._peek_sign(sign)
        self._next += found
        return found

    def _need(self, word: str) -> None:
        if not self._keyword(word):
            raise self._expected(word.upper())

    def _need_sign(self, sign: str) -> None:
        if not self._sign(sign):
            raise self._expected(sign)

    def _path(self, what: str) -> str:
        if self._token.kind != "word" or self._token.text.lower() in RESERVED:
            raise self._expected(what)
        return self._take().text

    def _whole(self, clause: str) -> int:
        if self._token.kind != "number" or not self._token.text.isdigit():
            raise self._expected(f"a whole number after {clause}")
        return int(self._short(self._take()).text)

    def _short(self, token: Token) -> Token:
        if len(token.text) > LONGEST_NUMBER:
            raise QueryError(f"Parse error at {token.at}: a number of more than {LONGEST_NUMBER} digits")
        return token

    def _expected(self, what: str) -> QueryError:
        found = repr(self._token.text) if self._token.kind != "end" else "the end"
        return QueryError(f"Parse error at {self._token.at}: expected {what}, found {found}")


def _number(text: str) -> int | float:
    """A whole number that SQLite can hold stays whole."""
    return float(text) if "." in text or abs(int(text)) >= 1 << 63 else int(text)
