"""Values that come from the environment: `{env: NAME}` in the sync file.

A secret is read when it is used and is never kept in a model, so no model can print one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from gigya_cheetah_assets.config.model import NAME, Model
from gigya_cheetah_assets.errors import ConfigError


class EnvVar(Model):
    """A reference to an environment variable; the value itself is never stored."""

    env: Annotated[str, Field(pattern=NAME.pattern.removesuffix(r"\Z") + "$")]

    def resolve(self, environ: Mapping[str, str] | None = None) -> str:
        """The variable's value.

        Raises:
            ConfigError: The variable is not set or is empty.
        """
        value = (os.environ if environ is None else environ).get(self.env, "")
        if not value:
            raise ConfigError(
                [f"environment variable {self.env} is not set"],
                next_step=f"set {self.env} where Dagster's code location runs",
            )
        return value


class _SecretMarker:
    """Turns a plain text where a secret is expected into an error that does not show the text."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_refuse_plain_text, handler(source))


def _refuse_plain_text(value: object) -> object:
    if isinstance(value, EnvVar | dict):
        return value
    raise ValueError("expected {env: NAME}: a secret is never written into the sync file")


Secret = Annotated[EnvVar, _SecretMarker]
TextOrEnv = str | EnvVar


def text(value: TextOrEnv, environ: Mapping[str, str] | None = None) -> str:
    """The text itself, or the value of the variable that it refers to."""
    return value if isinstance(value, str) else value.resolve(environ)


def env_vars(model: BaseModel, path: str = "") -> Iterator[tuple[str, EnvVar]]:
    """Every reference inside a model, with its key path."""
    for name in type(model).model_fields:
        value = getattr(model, name)
        here = f"{path}.{name}" if path else name
        if isinstance(value, EnvVar):
            yield here, value
        elif isinstance(value, BaseModel):
            yield from env_vars(value, here)


def missing_variables(model: BaseModel, environ: Mapping[str, str] | None = None) -> list[str]:
    """One line for each reference whose variable is not set: `NAME (key.path)`."""
    known = os.environ if environ is None else environ
    return [f"{ref.env} ({path})" for path, ref in env_vars(model) if not known.get(ref.env)]
