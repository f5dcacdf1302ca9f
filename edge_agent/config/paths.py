"""Relative paths in a configuration file are relative to that file, wherever the gateway is started."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo


def anchored(table: dict[str, Any], schema: type[BaseModel], folder: Path) -> dict[str, Any]:
    """The table with every value that ``schema`` declares as a path made relative to ``folder``."""
    return {key: _anchored_value(value, schema.model_fields.get(key), folder) for key, value in table.items()}


def settings_in(field: FieldInfo) -> type[BaseModel] | None:
    """The settings class a field holds, be it optional or repeated; ``None`` when it holds a plain value."""
    return next((kind for kind in _kinds(field) if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _anchored_value(value: Any, field: FieldInfo | None, folder: Path) -> Any:
    if field is None:
        return value
    if isinstance(value, str) and Path in _kinds(field):
        return str(folder / Path(value).expanduser())
    inner = settings_in(field)
    if inner is not None and isinstance(value, dict):
        return anchored(value, inner, folder)
    if inner is not None and isinstance(value, list):
        return [anchored(each, inner, folder) if isinstance(each, dict) else each for each in value]
    return value


def _kinds(field: FieldInfo) -> tuple[Any, ...]:
    return (field.annotation, *get_args(field.annotation))
