"""Gigya's search language as SQL for SQLite. Its grammar is in `grammar`, running it in `sandbox.gigya.search`."""
