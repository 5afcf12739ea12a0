"""The base of every model of the sync file, and the small value types that several of them share."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
GIGYA_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_\-]*(\.[A-Za-z0-9_][A-Za-z0-9_\-]*)*\Z")
FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*\Z")


class Model(BaseModel):
    """Frozen, and an unknown key is an error: a typo never becomes a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=False)


def _column(value: str) -> str:
    if not NAME.match(value):
        raise ValueError("expected a column name of letters, digits and _, not starting with a digit")
    return value


def _gigya_path(value: str) -> str:
    if not GIGYA_PATH.match(value):
        raise ValueError("expected a Gigya path such as UID, profile.email or data.loyalty.tier")
    return value


def _function(value: str) -> str:
    if not FUNCTION.match(value):
        raise ValueError("expected module:function, for example acme_rules:country_name")
    return value


def _regex(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"expected a regular expression ({error})") from error
    return value


ColumnName = Annotated[str, AfterValidator(_column)]
GigyaPath = Annotated[str, AfterValidator(_gigya_path)]
FunctionName = Annotated[str, AfterValidator(_function)]
Regex = Annotated[str, AfterValidator(_regex)]
Share = Annotated[float, Field(ge=0, le=1)]
