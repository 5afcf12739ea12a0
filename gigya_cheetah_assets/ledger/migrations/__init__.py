"""How the ledger's tables came to be, a module a version; run by `ledger.upgrade`, never by hand."""
