"""Show figures for people."""

from bench.measures import Figures

__all__ = ["table"]


def table(found: Figures) -> str:
    """Write everything that was measured as text, tables in Markdown."""
    head = f"Samovar {found['version']}, {found['machine']['cpus']} CPUs, load before {found['load_before']:.1f}"
    parts = [head, *(show(found[name]) for name, show in SECTIONS.items() if name in found)]
    return "\n\n".join(parts)


def _start(start: Figures) -> str:
    rows = (
        f"  {name} {start[f'{name}_start_s']} s ({start[f'{name}_start_cpu_s']} s of CPU)"
        for name in ("first", "second")
    )
    return "\n".join(["Start to /ready without the model:", *rows])


def _page(page: Figures) -> str:
    return (
        f"First load, gzipped: {page['js_kb']} KB JS + {page['css_kb']} KB CSS = {page['js_and_css_kb']} KB"
        f" ({page['wire_kb']} KB with HTML on the wire, {page['requests']} requests)"
    )


def _streams(streams: Figures) -> str:
    lines = [
        "| streams | path | first token p50 / p95, ms | to direct | CPU s / 1,000 tokens | to backend | broken |",
        "|---|---|---|---|---|---|---|",
    ]
    for count, paths in streams.items():
        for name, row in paths.items():
            own = name != "direct"
            cpu = row["cpu_s_per_1k_tokens"] if own else row["backend_cpu_s_per_1k_tokens"]
            note = row["cpu_ratio_to_backend"] if own else "(backend itself)"
            lines.append(
                f"| {count} | {name} | {row['first_token_p50_ms']} / {row['first_token_p95_ms']} "
                f"| {row['first_token_ratio']} | {cpu} | {note} | {row['broken']} |"
            )
    return "\n".join(lines)


def _memory(memory: Figures) -> str:
    lines = ["| idle | processes | resident MB | shared pages once, MB |", "|---|---|---|---|"]
    for role in ("api", "database", "engine", "sandbox", "all"):
        count = memory["processes"].get(role, sum(memory["processes"].values()))
        lines.append(f"| {role} | {count} | {memory[role]['rss']} | {memory[role]['pss']} |")
    return "\n".join(lines)


def _cache(cache: Figures) -> str:
    lines = ["| turn 5 | prompt tokens | evaluated | first token, ms |", "|---|---|---|---|"]
    for name, shown in (("with_cache", "prompt cache"), ("without_cache", "cold")):
        row = cache[name]
        lines.append(f"| {shown} | {row['prompt_tokens']} | {row['evaluated_tokens']} | {row['first_token_ms']} |")
    lines.append(f"| ratio | | {cache['evaluated_ratio']} | {cache['first_token_ratio']} |")
    return "\n".join(lines)


SECTIONS = {"start": _start, "page": _page, "streams": _streams, "memory": _memory, "cache": _cache}
