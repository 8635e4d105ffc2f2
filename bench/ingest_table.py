"""Show the figures of the reading of documents for people."""

from collections.abc import Mapping
from typing import Any

__all__ = ["table"]


def table(found: Mapping[str, Any]) -> str:
    """Write all figures as Markdown, under a line that says where and when."""
    machine = found["machine"]
    lines = [
        f"Samovar {found['version']}, {found['at'][:10]}, {machine['system']}, Python {machine['python']}; "
        f"{machine['cpus']} cores for parser, server and database together; load before {found['load_before']:.1f}; "
        f"medians of {found['rounds']} rounds.",
        "",
    ]
    if speed := found.get("speed"):
        lines += [
            "| ms a page | pypdfium2 alone | all of it | speed to pypdfium2 alone | work of parser, us, PostgreSQL |",
            "|---|---|---|---|---|",
        ]
        for name, row in speed.items():
            work = f"{row['parser_cpu_ms']:.2f} / {row['own_cpu_ms']:.2f} / {row['database_cpu_ms']:.2f}"
            lines.append(f"| {name} | {row['bare_ms']:.2f} | {row['own_ms']:.2f} | {row['ratio']:.2f} | {work} |")
        lines.append("")
    if {"memory", "answers", "ocr"} & found.keys():
        lines += ["| what | measured |", "|---|---|"]
    if memory := found.get("memory"):
        lines.append(
            f"| 1,000 pages ({memory['size_mb']:.0f} MB): most memory of the parser / of our process "
            f"(before) / time | {memory['parser_mb']:.0f} / {memory['own_mb']:.0f} ({memory['own_before_mb']:.0f}) MB "
            f"/ {memory['wall_s']:.1f} s |"
        )
    if answers := found.get("answers"):
        idle, busy = answers["idle_ms"], answers["reading_ms"]
        lines.append(
            f"| `GET {answers['asked']}`, p50 / p95: idle / while an import is read / ratio of p95 "
            f"| {idle[0]:.1f} / {idle[1]:.1f} / {busy[0]:.1f} / {busy[1]:.1f} ms / {answers['p95_ratio']:.2f} |"
        )
    if ocr := found.get("ocr"):
        lines.append(f"| OCR of a Russian scan of 200 dpi | {ocr['pages_per_minute']:.0f} pages a minute |")
    return "\n".join(lines)
