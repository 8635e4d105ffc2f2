"""``make bench``: measure, print a table, write JSON into ``bench/results``."""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench import measures
from bench.measures import Figures
from bench.table import table
from samovar import __version__

RESULTS: Final = Path(__file__).resolve().parent / "results"
ALL: Final = ("start", "page", "streams", "memory", "cache")


async def measure(given: argparse.Namespace) -> Figures:
    """Take the measures asked for, one after another, each with servers of its own."""
    found: Figures = {
        "version": __version__,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cpus": os.cpu_count(), "system": platform.system(), "python": platform.python_version()},
        "load_before": os.getloadavg()[0],
    }
    with tempfile.TemporaryDirectory(prefix="samovar-bench-") as name:
        folder = Path(name)
        for measure_name in ALL:
            if measure_name not in given.only:
                continue
            print(f"  measuring {measure_name} …", file=sys.stderr, flush=True)
            match measure_name:
                case "streams":
                    found["streams"] = await measures.streams(
                        folder,
                        counts=given.streams,
                        rounds=given.rounds,
                        tokens_per_s=given.tokens_per_s,
                        tokens=given.tokens,
                    )
                case "start":
                    found["start"] = await measures.start(folder)
                case "page":
                    found["page"] = await measures.page(folder)
                case "memory":
                    found["memory"] = await measures.memory(folder)
                case "cache":
                    found["cache"] = await measures.cache(folder)
    return found


def main() -> int:
    """Read the command line, measure, print and save."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Samovar against a direct connection.")
    parser.add_argument("--only", nargs="+", choices=ALL, default=list(ALL))
    parser.add_argument("--streams", nargs="+", type=int, default=[1, 16], help="answers at once")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=200, help="tokens an answer")
    parser.add_argument("--tokens-per-s", type=float, default=50)
    found = asyncio.run(measure(parser.parse_args()))
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(found, indent=2), encoding="utf-8")
    print(f"{table(found)}\n\n{path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
