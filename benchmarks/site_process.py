"""The site that all peers read: the sandbox's Gigya site, whose pages are kept once they were made.

    python -m benchmarks.site_process ACCOUNTS FOLDER PORT FAULTS

The first time a query is asked, the sandbox answers it and each page is kept as a file; from then on the same query
gets the same pages by the same cursors, as fast as a file is read. So a measured run waits for its client, not for
the sandbox, whoever the client is. A write forgets all pages. Credentials and cursor ids are checked every time.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import uvicorn

from benchmarks.whole_accounts import completed
from gigya_cheetah_assets.sandbox import credentials
from gigya_cheetah_assets.sandbox.faults import Dice, Faults
from gigya_cheetah_assets.sandbox.gigya.answers import Answer
from gigya_cheetah_assets.sandbox.gigya.app import App
from gigya_cheetah_assets.sandbox.gigya.audit import AuditSearch
from gigya_cheetah_assets.sandbox.gigya.authentication import Authentication, Keys
from gigya_cheetah_assets.sandbox.gigya.clock import SiteClock
from gigya_cheetah_assets.sandbox.gigya.cursors import Cursors
from gigya_cheetah_assets.sandbox.gigya.methods import Method, methods
from gigya_cheetah_assets.sandbox.gigya.search import Search
from gigya_cheetah_assets.sandbox.gigya.site import Site
from gigya_cheetah_assets.sandbox.population import Population

_CURSOR_SECONDS = 3600.0


class KeptPages:
    """Answers searches from the pages that it kept, else by the sandbox's own search, with whole accounts.

    Args:
        search: The sandbox's.
        folder: For the pages; emptied now.
    """

    def __init__(self, search: Method, folder: Path) -> None:
        self._search = search
        self._folder = folder
        self.forget()

    def __call__(self, params: Mapping[str, str]) -> Answer:
        """The answer to one request."""
        asked = params.get("cursorId") or f"{params.get('query')} {params.get('openCursor')}"
        path = self._folder / sha256(asked.encode()).hexdigest()
        if path.exists():
            return Answer(200, path.read_bytes())
        answer = completed(self._search(params))
        path.write_bytes(answer.body)
        return answer

    def forget(self) -> None:
        """Throws all pages away."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)


def app(accounts: int, folder: Path, faults: str) -> App:
    """The site with so many invented accounts; the folder is used again."""
    clock, dice, keys = SiteClock(0.0), Dice(Faults.parse(faults)), credentials.KeyFiles.of(folder)
    store = Population(accounts).settle(folder / "accounts.sqlite", clock, lag=0.0, expose_uid=True, fresh=False)
    site = Site(store, clock)
    kept = KeptPages(Search(site, Cursors(clock, _CURSOR_SECONDS, dice)), folder / "pages")
    audit = AuditSearch(site, Cursors(clock, _CURSOR_SECONDS, dice))
    known = Keys(credentials.API_KEY, credentials.USER_KEY, credentials.SECRET, keys.gigya_public)

    def writing(method: Method) -> Method:
        def write(params: Mapping[str, str]) -> Answer:
            kept.forget()
            return method(params)

        return write

    own = {name: writing(method) for name, method in methods(site, kept, audit).items()} | {"accounts.search": kept}
    return App(site, own, Authentication(known, clock), dice)


def main() -> None:
    """Serves until it is stopped."""
    accounts, folder, port, faults = sys.argv[1:]
    served = app(int(accounts), Path(folder), faults).starlette()
    uvicorn.run(served, host="127.0.0.1", port=int(port), log_level="critical", access_log=False, date_header=False)


if __name__ == "__main__":
    main()
