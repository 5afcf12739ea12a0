"""Erasing one person from all that this project keeps on its own disk and in its ledger."""
