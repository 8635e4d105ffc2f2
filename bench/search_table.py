"""Show how the cost of a search grows, for people."""

from collections.abc import Mapping
from typing import Any

__all__ = ["chart", "table"]


def table(found: Mapping[str, Any]) -> str:
    """Write all figures as Markdown, under a line that says where and when."""
    machine = found["machine"]
    lines = [
        f"Samovar {found['version']}, {found['at'][:10]}, {machine['system']}, Python {machine['python']}; questions "
        "of 8 words, generated texts of 160 words, vectors of 384 dimensions.",
        "",
        "| chunks | words alone, p50 / p95 | vectors alone | hybrid, ranked again | the question embedded too "
        "| best ten kept | chunks table / words / vectors / graph | load / words / graph |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in found["rows"]:
        size, took = row["bytes"], row["load_s"]
        arms = " | ".join(
            f"{row[arm]['p50_ms']:.0f} / {row[arm]['p95_ms']:.0f} ms"
            for arm in ("lexical", "dense", "hybrid", "embedded")
        )
        room = " / ".join(
            f"{size[name] / 1e6:.0f}" for name in ("chunks", "chunks_lexemes_index", "vectors", "vectors_graph_1")
        )
        lines.append(
            f"| {row['chunks']:,} | {arms} | {row['lexical_kept']:.0%} | {room} MB "
            f"| {took['chunks']:.0f} / {took['words']:.0f} / {took['graph']:.0f} s |"
        )
    return "\n".join(lines)


def chart(found: Mapping[str, Any]) -> str:
    """Draw p95 over the number of chunks, as a chart that Markdown viewers show."""
    rows = found["rows"]
    names = ", ".join(f'"{row["chunks"]:,}"' for row in rows)
    lines = [
        f"    line [{', '.join(format(row[arm]['p95_ms'], '.0f') for row in rows)}]"
        for arm in ("lexical", "dense", "hybrid", "embedded")
    ]
    most = max(row[arm]["p95_ms"] for row in rows for arm in ("lexical", "dense", "hybrid", "embedded"))
    return "\n".join(
        [
            "```mermaid",
            "xychart-beta",
            '    title "p95 of a search by chunks: words, vectors, hybrid, with embedding (ms)"',
            f"    x-axis [{names}]",
            f'    y-axis "ms" 0 --> {most * 1.1:.0f}',
            *lines,
            "```",
        ]
    )
