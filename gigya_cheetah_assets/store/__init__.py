"""What the steps keep on disk: a folder for each partition of an asset, Parquet in batches, rejects, summaries.

Knows nothing of Dagster nor of what the steps do.
"""
