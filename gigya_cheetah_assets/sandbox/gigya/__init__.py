"""A Gigya site on this machine: accounts in SQLite, the search language and the REST methods over HTTP."""
