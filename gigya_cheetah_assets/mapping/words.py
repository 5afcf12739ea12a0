"""The rules of a column in words, for the plan, the UI and the docs; what a rule does is in `values` and `dates`."""

from __future__ import annotations

from dataclasses import dataclass

from gigya_cheetah_assets.config import FieldConfig


@dataclass(frozen=True)
class ColumnDoc:
    """One column in words, for people."""

    column: str
    type: str
    sources: str
    rule: str
    description: str


def column_doc(field: FieldConfig) -> ColumnDoc:
    """One field in words."""
    return ColumnDoc(field.cheetahmail, field.type, _sources(field), _rule(field), field.description or "")


def _sources(field: FieldConfig) -> str:
    if field.constant is not None:
        return f"constant {field.constant!r}"
    return (", " if field.is_date_parts else " or ").join(field.paths)


def _rule(field: FieldConfig) -> str:
    """The rules of a field in the order in which they apply."""
    words = [
        (field.key, "key"),
        (field.required, "required"),
        (field.double_opt_in == "required", "double opt-in required"),
        (field.min_version is not None, f"to version {field.min_version} or newer"),
        (field.min_date is not None, f"to a document of {field.min_date} or newer"),
        (field.topic_channel_id is not None, f"written as {field.topic_channel_id}"),
        (field.raw, "raw"),
        (field.is_date_parts, "year, month, day"),
        (field.join is not None, f"joined by {field.join!r}"),
        (bool(field.replace), f"{len(field.replace)} replacement(s)"),
        (field.collapse, "white space collapsed"),
        (field.case is not None, f"{field.case} case"),
        (field.values is not None, ", ".join(f"{k} to {v}" for k, v in (field.values or {}).items())),
        (field.function is not None, f"function {field.function}"),
        (field.input_format is not None, f"read as {field.input_format}"),
        (field.format is not None, f"written as {field.format}"),
        (field.default is not None, f"default {field.default!r}"),
        (field.truncate is not None, f"cut to {field.truncate}"),
        (field.hash is not None, f"{field.hash}"),
        (field.max_length is not None, f"at most {field.max_length} characters"),
        (field.on_error == "reject", "rejected on error"),
    ]
    return "; ".join(text for holds, text in words if holds)
