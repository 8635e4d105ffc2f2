"""A value that fits a JSON schema, as a model under constrained decoding would write one."""

from collections.abc import Mapping
from typing import Final

__all__ = ["write_value"]

_DEEPEST: Final = 8
_FORMATS: Final = {
    "date": "2026-11-22",
    "date-time": "2026-11-22T10:00:00Z",
    "email": "name@example.com",
    "uri": "https://example.com",
}


def write_value(schema: object, *, word: str = "tea", root: object = None, depth: int = 0) -> object:
    """Return the simplest value of a schema; strings are ``word``. What is too deep or unknown becomes null.

    Source: JSON Schema 2020-12, the part that model servers support: type, properties, items, enum, const, anyOf,
    oneOf, allOf, $ref into $defs, and the limits of numbers, strings and arrays.
    """
    root = schema if root is None else root
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return None
    if "const" in schema:
        return schema["const"]
    options = schema.get("enum")
    if isinstance(options, list) and options:
        return options[0]
    for union in ("anyOf", "oneOf", "allOf"):
        parts = schema.get(union)
        if isinstance(parts, list) and parts:
            return write_value(parts[0], word=word, root=root, depth=depth + 1)
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return write_value(_resolve(reference, root), word=word, root=root, depth=depth + 1)
    return _write_of_type(schema, word=word, root=root, depth=depth)


def _write_of_type(schema: Mapping[str, object], *, word: str, root: object, depth: int) -> object:
    kind = schema.get("type", "object" if "properties" in schema else None)
    match kind[0] if isinstance(kind, list) and kind else kind:
        case "object":
            properties = schema.get("properties")
            known = properties if isinstance(properties, Mapping) else {}
            return {name: write_value(part, word=word, root=root, depth=depth + 1) for name, part in known.items()}
        case "array":
            count = max(1, _whole(schema.get("minItems"), 1))
            return [write_value(schema.get("items"), word=word, root=root, depth=depth + 1) for _ in range(count)]
        case "string":
            text = _FORMATS.get(str(schema.get("format")), word)
            return text.ljust(_whole(schema.get("minLength"), 0), "a")[: _whole(schema.get("maxLength"), 1_000)]
        case "integer":
            return max(_whole(schema.get("minimum"), 7), min(7, _whole(schema.get("maximum"), 7)))
        case "number":
            return float(max(_whole(schema.get("minimum"), 7), min(7, _whole(schema.get("maximum"), 7))))
        case "boolean":
            return True
        case _:
            return None


def _resolve(reference: str, root: object) -> object:
    found = root
    for name in reference.removeprefix("#").strip("/").split("/"):
        found = found.get(name) if isinstance(found, Mapping) and name else found
    return found


def _whole(value: object, default: int) -> int:
    return min(int(value), 10_000) if isinstance(value, int | float) and not isinstance(value, bool) else default
