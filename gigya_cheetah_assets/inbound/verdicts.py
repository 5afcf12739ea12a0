"""The fate of each row of a batch: it goes on, is rejected, or is ignored; the first verdict stands.

So the numbers add up: rows = events + rejects + ignored.
"""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.inbound.parse import REJECTS


class Verdicts:
    """Gathers the verdicts on one batch.

    Args:
        lines: Line of each row.

    Attributes:
        going: Which rows go on.
        ignored: Rows by reason that say nothing to us.
    """

    def __init__(self, lines: pa.Array) -> None:
        self._lines = lines
        self.going: pa.Array = pa.repeat(pa.scalar(True), len(lines))
        self.ignored: Counter[str] = Counter()
        self._rejects: list[pa.Table] = []
        self._emptied: list[tuple[pa.Array, str, str]] = []

    def reject(self, wrong: pa.Array, column: str, reason: str) -> None:
        """Rejects the rows marked, as far as they go on."""
        wrong = self._of_going(wrong)
        lines = self._lines.filter(wrong)
        if not len(lines):
            return
        texts = [pa.repeat(pa.scalar(text), len(lines)) for text in (column, reason)]
        self._rejects.append(pa.table([lines, *texts], schema=REJECTS))
        self._stop(wrong)

    def ignore(self, rows: pa.Array, reason: str) -> None:
        """Leaves the rows marked out, as far as they go on."""
        rows = self._of_going(rows)
        count = pc.sum(rows).as_py() or 0
        if count:
            self.ignored[reason] += count
            self._stop(rows)

    def value_error(self, wrong: pa.Array, column: str, reason: str) -> None:
        """Marks cells that are emptied while their rows go on."""
        if pc.any(wrong).as_py():
            self._emptied.append((wrong, column, reason))

    def rejects(self) -> pa.Table:
        """line, column, reason of the rejected rows, by line."""
        return pa.concat_tables(self._rejects).sort_by("line") if self._rejects else REJECTS.empty_table()

    def value_errors(self) -> Counter[tuple[str, str]]:
        """Emptied cells by (column, reason), of the rows that went on."""
        counts: Counter[tuple[str, str]] = Counter()
        for wrong, column, reason in self._emptied:
            count = pc.sum(self._of_going(wrong)).as_py() or 0
            if count:
                counts[column, reason] += count
        return counts

    def _of_going(self, rows: pa.Array) -> pa.Array:
        return pc.and_(self.going, pc.fill_null(rows, False))

    def _stop(self, rows: pa.Array) -> None:
        self.going = pc.and_(self.going, pc.invert(rows))
