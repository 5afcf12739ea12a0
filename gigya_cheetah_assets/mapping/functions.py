"""Python functions that a sync file names: loading them, calling them, and taking back what they give.

They are foreign code: whatever they raise ends as one error that names the function and the error's class, since an
error's own text may quote a value.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType

import pandas as pd
import pyarrow as pa

from gigya_cheetah_assets.errors import ConfigError, StopSync
from gigya_cheetah_assets.mapping import leaves


def load_function(name: str) -> Callable[..., object]:
    """The Python function of `module:function`; Python itself keeps the module after the first import.

    Raises:
        ConfigError: It can't be imported.
    """
    module, _, attribute = name.partition(":")
    try:
        function = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            [f"function {name}: {type(error).__name__}: {error}"],
            next_step="put the module on PYTHONPATH of Dagster's code location",
        ) from error
    if not callable(function):
        raise ConfigError([f"function {name} is not callable"], next_step="name a function in the sync file")
    return function


def texts_by(name: str, texts: pa.Array) -> pa.Array:
    """What a user's function makes of a column; numbers and booleans that it returns become canonical text.

    Raises:
        StopSync: It failed or returned something else than texts, one for each.
    """
    result = _called(name, texts.to_pandas(), "a Series of texts of the same length and index")
    with _Foreign(name):
        values = result.astype(object).where(result.notna(), None).tolist()
    column, unreadable = leaves.texts(values)
    if unreadable:
        raise StopSync(
            f"function {name} returned {len(unreadable)} values that are no texts, numbers or booleans",
            next_step="let it return texts",
        )
    return column


def mask_by(name: str, frame: pd.DataFrame) -> pa.Array:
    """A user's condition on a frame; a missing answer counts as no.

    Raises:
        StopSync: It failed or returned something else than booleans, one for each row.
    """
    result = _called(name, frame, "a boolean Series of the same length and index")
    with _Foreign(name):
        return pa.array(result.astype("boolean").fillna(False), pa.bool_())


def _called(name: str, argument: pd.Series | pd.DataFrame, wanted: str) -> pd.Series:
    function = load_function(name)
    index = argument.index.copy()
    with _Foreign(name):
        result = function(argument)
    if not isinstance(result, pd.Series) or not result.index.equals(index):
        raise StopSync(f"function {name} must return {wanted}", next_step="mend the function")
    return result


class _Foreign(AbstractContextManager[None]):
    """Any error of a user's function becomes a StopSync without the error's text."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            raise StopSync(
                f"function {self._name} failed with {type(error).__name__}", next_step="test it on a few values"
            ) from None
