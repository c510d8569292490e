"""How long baseline code serves: the calls of one executable, those by Python and those by rows.

Any thread may call, count and make rows, with no lock: what is written to a row is looked at again.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jitflow.runtime.entry import Row
    from jitflow.runtime.executable import Executable


class Patience:
    """Counts calls until there were `most_calls`; it is over when full code is asked for."""

    def __init__(self, most_calls: int) -> None:
        self.most_calls = most_calls
        self.is_over = False
        self._calls = 0
        self._rows: set[weakref.ref[Row]] = set()

    def is_due(self) -> bool:
        """Counts a call by Python: whether full code is to be asked for."""
        self._calls += 1
        if self.is_over:
            return False
        return self._calls + sum([row.calls for row in self._living()]) >= self.most_calls

    def end(self) -> None:
        """Counts no more: rows take all calls."""
        self.is_over = True
        for row in self._living():
            row.limit(None)

    def begin_again(self) -> None:
        """Nobody will make the full code that was asked for, as in a forked child."""
        self.is_over = False
        for row in self._living():
            row.limit(row.calls + self.most_calls)

    def serve(self, row: Row, executable: Executable) -> None:
        """Counts the calls of a new row too, which has no code yet."""
        self._rows.add(weakref.ref(row, self._rows.discard))
        while True:
            address, is_over = executable.address, self.is_over
            row.use(address)
            row.limit(None if is_over else max(1, self.most_calls - 1))
            if address == executable.address and is_over == self.is_over:
                return

    def use(self, address: int) -> None:
        """Has all rows run the code there, which is full code."""
        self.end()
        for row in self._living():
            row.use(address)

    def _living(self) -> list[Row]:
        """The set is copied in one step, as rows come at any time, and go with any collection of
        garbage: `tuple` of it would look at it more than once.
        """
        found = [reference() for reference in self._rows.copy()]
        return [row for row in found if row is not None]
