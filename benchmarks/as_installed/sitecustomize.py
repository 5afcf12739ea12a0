"""Hides what only tests need: on the path of each process that is measured, so Python runs it at its start.

pandera imports hypothesis wherever it finds it, a tenth of a second of a run that draws no example. Who installs this
project, or writes a script with pandera, does not have it.
"""

import sys

sys.modules["hypothesis"] = None  # type: ignore[assignment] # Python's way to say that there is no such module
