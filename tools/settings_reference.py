"""Write docs/reference/settings.md from the settings class, or check that it is what the class says."""

from __future__ import annotations

import sys
import types
import typing
from pathlib import Path

from generated_page import write_or_compare
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from samovar.settings import ENVIRONMENT_PREFIX, Settings  # noqa: E402 - the checkout's own, installed or not

PAGE = ROOT / "docs" / "reference" / "settings.md"
OPENING = """# Settings

<!-- Written by `make docs` from src/samovar/settings.py: change the class, not this page. -->

Every setting can stand in three places. The command line wins over the environment, the environment over
`samovar.toml`, that file over the defaults below. `samovar.toml` is read from the folder in which Samovar starts, or
from the path in `SAMOVAR_CONFIG`. A name that is not listed here is refused, so a slip of the pen never passes in
silence. In the environment a list is written as JSON: `SAMOVAR_SERVER_PUBLIC_HOSTS='["chat.example.org"]'`.

```toml
data_dir = "/srv/samovar"

[server]
port = 7680

[engine]
model_file = "/srv/models/model.gguf"
```
"""
NAMES: dict[object, str] = {str: "text", int: "whole number", float: "number", bool: "`true` or `false`", Path: "path"}


def main() -> int:
    """Check the page; with ``--write`` write it."""
    faults = write_or_compare(PAGE, page(), source="src/samovar/settings.py")
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


def page() -> str:
    """Return the whole page: the settings outside any area, then one table for each area."""
    areas = {name: field for name, field in Settings.model_fields.items() if is_area(field)}
    alone = {name: field for name, field in Settings.model_fields.items() if name not in areas}
    parts = [OPENING, table("General", "At the top of the file, outside any table.", alone, ENVIRONMENT_PREFIX)]
    for name, field in areas.items():
        area = field.annotation
        assert isinstance(area, type)
        assert issubclass(area, BaseModel)
        parts.append(
            table(f"[{name}]", (area.__doc__ or "").strip(), area.model_fields, f"{ENVIRONMENT_PREFIX}{name.upper()}_")
        )
        parts += [entries(f"{name}.{inner}", found) for inner, found in area.model_fields.items() if entry_of(found)]
    parts += [entries(name, field) for name, field in alone.items() if entry_of(field)]
    return "\n".join(parts)


def entry_of(field: FieldInfo) -> type[BaseModel] | None:
    """The class of the entries of a list of tables, or None for any other setting."""
    inner = typing.get_args(field.annotation)
    return inner[0] if inner and isinstance(inner[0], type) and issubclass(inner[0], BaseModel) else None


def entries(name: str, field: FieldInfo) -> str:
    """Return one heading with the fields of each entry of a list; those of a table inside are named with a dot."""
    entry = entry_of(field)
    assert entry is not None
    fields: dict[str, FieldInfo] = {}
    for inner, found in entry.model_fields.items():
        area = found.annotation
        if isinstance(area, type) and issubclass(area, BaseModel):
            fields |= {f"{inner}.{deep}": each for deep, each in area.model_fields.items()}
        else:
            fields[inner] = found
    rows = [
        f"| `{inner}` | {kind(found.annotation)}{bounds(found)} | {default(found)} | {found.description} |"
        for inner, found in fields.items()
    ]
    head = "| in the file | value | default | meaning |\n|---|---|---|---|"
    return "\n".join([f"## `[[{name}]]`", "", (entry.__doc__ or "").strip().replace("``", "`"), "", head, *rows, ""])


def is_area(field: FieldInfo) -> bool:
    """Tell an area of settings from a single one."""
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def table(title: str, words: str, fields: dict[str, FieldInfo], prefix: str) -> str:
    """Return one heading with its table of settings."""
    rows = [
        f"| `{name}` | `{prefix}{name.upper()}` | {kind(field.annotation)}{bounds(field)} "
        f"| {default(field)} | {field.description} |"
        for name, field in fields.items()
    ]
    head = "| in the file | in the environment | value | default | meaning |\n|---|---|---|---|---|"
    shown = f"`{title}`" if title.startswith("[") else title
    return "\n".join([f"## {shown}", "", words, "", head, *rows, ""])


def kind(annotation: object) -> str:
    """Name a type as a reader of the page would."""
    if annotation in NAMES:
        return NAMES[annotation]
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return kind(inner[0])
    if origin in (typing.Union, types.UnionType):
        return " or ".join(kind(each) for each in inner if each is not type(None))
    if origin in (tuple, list):
        is_table = isinstance(inner[0], type) and issubclass(inner[0], BaseModel)
        return "list of tables, see below" if is_table else f"list of {kind(inner[0])}"
    if origin is typing.Literal:
        return " or ".join(f"`{each}`" for each in inner)
    return str(getattr(annotation, "__name__", annotation))


def bounds(field: FieldInfo) -> str:
    """Name the smallest and the largest value, where there are such."""
    limits = {
        "ge": "from {}",
        "gt": "above {}",
        "le": "to {}",
        "lt": "below {}",
    }
    found = [
        words.format(value)
        for name, words in limits.items()
        for rule in field.metadata
        if (value := getattr(rule, name, None)) is not None
    ]
    choices = next((rule.pattern for rule in field.metadata if getattr(rule, "pattern", None)), "")
    if choices:
        found.append(" or ".join(f"`{choice}`" for choice in choices.strip("^$()").split("|")))
    return f", {' '.join(found)}" if found else ""


def default(field: FieldInfo) -> str:
    """Show the default; one that depends on the machine is named so."""
    if field.default_factory is not None:
        return "your user data folder"
    value = field.default
    if value is PydanticUndefined:
        return "must be given"
    if value is None or value == ():
        return "none"
    if isinstance(value, tuple):
        return ", ".join(f"`{each}`" for each in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    sys.exit(main())
