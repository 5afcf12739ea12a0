"""Functions as a user would write them for the field table, wrong in one way each."""

from __future__ import annotations

import pandas as pd


def fails(series: pd.Series) -> pd.Series:
    raise ValueError(f"cannot read {series.dropna().iloc[0]!r}")


def too_short(series: pd.Series) -> pd.Series:
    return series.head(3)


def no_mask(profiles: pd.DataFrame) -> list[str]:
    return ["yes"] * len(profiles)
