"""One module a version, named after it; `ledger.tables.VERSION` is the newest."""
