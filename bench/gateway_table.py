"""Show the figures of the gateway for people."""

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["table"]

_NAMES: Final = {"direct": "direct", "floor": "floor", "relay": "`/v1`", "chat": "chat run"}
_HEAD: Final = (
    "| streams | path | first token, added p50 / p95, ms | delay a token, p50 / p95, ms "
    "| CPU s per 1,000 tokens: server + PostgreSQL | to the floor: server, with PostgreSQL "
    "| memory, MB | whole | 429 | truncated | broken |"
)


def table(found: Mapping[str, Any]) -> str:
    """Write all levels as one Markdown table, under a line that says where and when."""
    machine = found["machine"]
    lines = [
        f"Samovar {found['version']}, {found['at'][:10]}, {machine['system']}, Python {machine['python']}; "
        f"{machine['cpus']} cores for backend, readers, server and database together; "
        f"load before {found['load_before']:.1f}; medians of {found['rounds']} rounds.",
        "",
        _HEAD,
        "|" + "---|" * (_HEAD.count("|") - 1),
    ]
    for level in found["levels"]:
        for path, row in level["paths"].items():
            lines.append(_row(level, path, row))
    return "\n".join(lines)


def _row(level: Mapping[str, Any], path: str, row: Mapping[str, Any]) -> str:
    cpu = row["cpu_s_per_1k"]
    floor = level["paths"].get("floor")
    server, database = (cpu["floor"], 0.0) if path == "floor" else (cpu["api"] + cpu["other"], cpu["database"])
    used = f"{server:.3f}" + (f" + {database:.3f}" if path == "chat" or database >= 0.0005 else "")
    ratio = "-"
    if floor and path in ("relay", "chat"):
        least = floor["cpu_s_per_1k"]["floor"]
        ratio = f"{server / least:.2f}, {(server + database) / least:.2f}"
    elif path == "floor":
        ratio = "1"
    if path == "direct":
        used = "-"
    cells = (
        f"{level['streams']} at {level['tokens_per_s']:g} tokens/s",
        _NAMES[path],
        _added(level, row),
        _two(row["delay_ms"]),
        used,
        ratio,
        "-" if path == "direct" else f"{row['memory_mb']:.0f}",
        *(str(row[name]) for name in ("whole", "refused", "truncated", "broken")),
    )
    return "| " + " | ".join(cells) + " |"


def _added(level: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """Beyond what the same percentile takes without anything between."""
    direct = level["paths"].get("direct")
    if not direct or row is direct or not row["first_token_ms"] or not direct["first_token_ms"]:
        return _two(row["first_token_ms"]) + (" in all" if row["first_token_ms"] else "")
    return _two([own - without for own, without in zip(row["first_token_ms"], direct["first_token_ms"], strict=True)])


def _two(values: list[float] | None) -> str:
    return f"{values[0]:.1f} / {values[1]:.1f}" if values else "-"
