"""The settings reference, rendered from the settings themselves.

``python -m provisioning.reference > docs/settings.md`` writes it anew.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin

import typer
from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cloud_crm.config import CloudSettings
from devices.registry import installed_drivers, installed_indicators, load_driver, load_indicator
from edge_agent.config.settings import EdgeSettings
from loyalty.programme import Programme

_HEAD = """# Settings

Every key of `edge.toml` and `cloud.toml`, and of each driver's `[[devices]]` or `[[indicators]]` table. `regulars
config check FILE` reads a file as the program would and names the first mistake with its place and remedy. Relative
paths start at the file that names them.
"""
_LIMITS = {Ge: "≥ {}", Gt: "> {}", Le: "≤ {}", Lt: "< {}"}


def render() -> str:
    """The whole page, in Markdown."""
    parts = [_HEAD, "## edge.toml\n", *_tables(EdgeSettings, ""), "## Drivers\n"]
    for name in sorted(installed_drivers()):
        driver = load_driver(name)
        parts += [f'### `driver = "{name}"`\n\n{driver.summary}\n', *_tables(driver.settings, "")]
    parts.append("## Drivers of indicators\n")
    for name in sorted(installed_indicators()):
        indicator = load_indicator(name)
        parts += [f'### `[[indicators]] driver = "{name}"`\n\n{indicator.summary}\n', *_tables(indicator.settings, "")]
    parts += ["## cloud.toml\n", *_tables(CloudSettings, "")]
    return "\n".join(parts)


def _tables(settings: type[BaseModel], section: str) -> Iterator[str]:
    """One Markdown table per TOML section, the outer before the inner."""
    plain = {name: info for name, info in settings.model_fields.items() if _inner(info.annotation) is None}
    if plain:
        title = f"**`[{section}]`**\n\n" if section else ""
        rows = "\n".join(_row(name, info) for name, info in plain.items())
        yield f"{title}| Key | Default | Meaning |\n|---|---|---|\n{rows}\n"
    for name, info in settings.model_fields.items():
        inner = _inner(info.annotation)
        if inner is not None:
            many = get_origin(info.annotation) is tuple
            path = f"{section.strip('[]')}.{name}".lstrip(".")
            yield from _tables(inner, f"[{path}]" if many else path)


def _inner(annotation: Any) -> type[BaseModel] | None:
    """The section a field holds, looking through ``X | None`` and ``tuple[X, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in {tuple, Union, types.UnionType}:
        return next((found for part in get_args(annotation) if (found := _inner(part))), None)
    return None


def _row(name: str, info: FieldInfo) -> str:
    if info.is_required():
        default = "*required*"
    else:
        value = info.get_default(call_default_factory=True, validated_data={})
        default = "—" if value is None or isinstance(value, Programme) else f"`{value!s}`" if value != () else "`[]`"
    limits = ", ".join(text for limit in info.metadata if (text := _limit(limit)))
    meaning = (info.description or "").rstrip(".") + (f" ({limits})" if limits else "")
    return f"| `{name}` | {default} | {meaning.replace('|', chr(92) + '|')} |"


def _limit(limit: Any) -> str:
    for kind, text in _LIMITS.items():
        if isinstance(limit, kind):
            return text.format(getattr(limit, kind.__name__.lower()))
    if isinstance(limit, MaxLen):
        return f"at most {limit.max_length}"
    if isinstance(limit, MinLen) and limit.min_length > 1:
        return f"at least {limit.min_length}"
    return ""


if __name__ == "__main__":
    typer.echo(render(), nl=False)
