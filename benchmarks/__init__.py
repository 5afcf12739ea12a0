"""Benchmarks beside their peers, as ratios in one run. `python -m benchmarks` runs all; see docs/performance.md."""
