"""By when an opt-out must have reached the other side: `opt_out_deadlines` in the sync file."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from gigya_cheetah_assets.config.files import TimeZone
from gigya_cheetah_assets.config.model import ColumnName, Model

_DAYS_A_WEEK = 7
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Deadline(Model):
    """How long an opt-out may take: either calendar days or business days."""

    days: Annotated[int | None, Field(ge=1, le=60)] = None
    business_days: Annotated[int | None, Field(ge=1, le=60)] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Deadline:
        if (self.days is None) == (self.business_days is None):
            raise ValueError("expected either days or business_days")
        return self


class DeadlineRule(Deadline):
    """Another deadline for people of some countries, as the cells of the country column spell them."""

    countries: Annotated[tuple[str, ...], Field(min_length=1)]


class OptOutDeadlines(Model):
    """The clock of opt-outs.

    Attributes:
        default: For whom no rule applies, and for whom no country is known.
        country_column: CheetahMail column that holds the country.
        rules: The first one that names the country applies.
        weekend: Days that are no business days.
        holidays: Dates that are none either: your own calendar.
        time_zone: In which a day begins.
    """

    default: Deadline = Deadline(days=2)
    country_column: ColumnName | None = None
    rules: tuple[DeadlineRule, ...] = ()
    weekend: tuple[Weekday, ...] = ("sat", "sun")
    holidays: tuple[date, ...] = ()
    time_zone: TimeZone = "UTC"

    @model_validator(mode="after")
    def _rules_need_a_column(self) -> OptOutDeadlines:
        if self.rules and self.country_column is None:
            raise ValueError("expected country_column, since rules go by country")
        if len(set(self.weekend)) == _DAYS_A_WEEK:
            raise ValueError("expected a week with at least one business day")
        return self
