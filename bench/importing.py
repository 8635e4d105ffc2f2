"""How fast a large export of chats is imported, and in how much memory: the command itself, in a process of its own."""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psutil
from tests.support.exports import write_large_export
from tests.support.process import clean_environment

_ROOT: Final = Path(__file__).resolve().parents[1]
_LOOK_EVERY_S: Final = 0.01


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size-mb", type=int, default=200)
    parser.add_argument("--chat-mb", type=int, default=10)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        export = Path(folder) / "export.json"
        chats = write_large_export(export, size_mb=given.size_mb, chat_mb=given.chat_mb)
        print(json.dumps({"chats": chats, **measure(export, Path(folder) / "data")}))


def measure(export: Path, data_dir: Path) -> dict[str, float]:
    """Import once; MB are millions of bytes, the processor's time is that of the importing process alone."""
    command = [sys.executable, "-m", "samovar", "import", str(export), "--json", "--data-dir", str(data_dir)]
    began = time.perf_counter()
    process = subprocess.Popen(command, env=clean_environment(), stdout=subprocess.DEVNULL, cwd=_ROOT)
    watched, peak_bytes, processor_s = psutil.Process(process.pid), 0, 0.0
    while process.poll() is None:
        try:
            peak_bytes = max(peak_bytes, watched.memory_info().rss)
            spent = watched.cpu_times()
        except psutil.NoSuchProcess:
            break
        processor_s = spent.user + spent.system
        time.sleep(_LOOK_EVERY_S)
    took_s = time.perf_counter() - began
    if process.wait() != 0:
        raise SystemExit("the import failed")
    size_mb = export.stat().st_size / 1e6
    return {
        "size_mb": round(size_mb, 1),
        "took_s": round(took_s, 1),
        "processor_s": round(processor_s, 1),
        "mb_per_s": round(size_mb / took_s, 1),
        "peak_mb": round(peak_bytes / 1e6, 1),
    }


if __name__ == "__main__":
    main()
