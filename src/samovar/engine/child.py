"""The engine's process: llama.cpp's own HTTP server, alive no longer than its parent.

Run as a script, apart from the package. One line of JSON on standard input says what to load; one line
on standard output says where it listens, or why it cannot. When standard input ends, so does the process.
"""

import contextlib
import ctypes
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

_PR_SET_PDEATHSIG: Final = 1
#: An origin that nobody can have: llama.cpp echoes any origin when the field is left as it is.
_NO_ORIGIN: Final = "https://samovar.invalid"
#: Ahead of a database or a browser when memory runs out: the engine starts again by itself.
_OOM_SCORE: Final = "400"
_LOG_WARNINGS: Final = 2
_LOG_DELAY_S: Final = 0.5
_CACHE_TYPES: Final = {"f16": "GGML_TYPE_F16", "q8_0": "GGML_TYPE_Q8_0", "q4_0": "GGML_TYPE_Q4_0"}


def main() -> None:
    """Load the model, report where it listens, and wait for the end."""
    orders: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    _die_with_parent(int(orders["parent_pid"]))
    report = _take_standard_output()
    threading.Thread(target=_exit_when_input_ends, daemon=True).start()
    try:
        server = _serve(orders)
    except (RuntimeError, ValueError, OSError, ImportError) as error:
        # llama.cpp writes its log from a thread of its own, and the reason stands there.
        time.sleep(_LOG_DELAY_S)
        _tell(report, {"event": "failed", "reason": str(error)})
        _leave(1)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    _tell(report, {"event": "listening", "url": server.listening_address})
    stopped.wait()
    _leave(0)


def _serve(orders: dict[str, Any]) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = orders["model_file"]
    if orders["mmproj_file"]:
        params.mmproj.path = orders["mmproj_file"]
    params.model_alias = {orders["model_name"]}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [orders["key"]]
    params.cors_origins = _NO_ORIGIN
    params.cors_credentials = False
    params.n_parallel = orders["parallel"]
    params.n_ctx = orders["context_tokens"] * orders["parallel"]
    params.cpuparams.n_threads = orders["threads"]
    params.cpuparams_batch.n_threads = orders["threads"]
    params.n_ubatch = orders["batch_tokens"]
    params.n_batch = max(params.n_batch, orders["batch_tokens"])
    cache_type = getattr(xllamacpp.ggml_type, _CACHE_TYPES[orders["kv_cache"]])
    params.cache_type_k = params.cache_type_v = cache_type
    params.cache_ram_mib = orders["prompt_cache_mb"]
    params.endpoint_metrics = True
    params.endpoint_slots = False
    params.ui = False
    params.offline = True
    params.verbosity = _LOG_WARNINGS
    if orders["gpu_layers"] >= 0:
        params.n_gpu_layers = orders["gpu_layers"]
        params.fit_params = False
    return xllamacpp.Server(params)


def _die_with_parent(parent_pid: int) -> None:
    """Ask the kernel for the end when the parent is gone, however it went."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        _leave(0)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)


def _take_standard_output() -> int:
    """Keep standard output for the report alone; whatever else is printed goes to standard error."""
    report = os.dup(1)
    os.dup2(2, 1)
    return report


def _tell(report: int, event: dict[str, object]) -> None:
    os.write(report, json.dumps(event).encode() + b"\n")


def _exit_when_input_ends() -> None:
    while sys.stdin.buffer.read(4096):
        pass
    _leave(0)


def _leave(status: int) -> None:
    # The server's own threads may be writing an answer; there is nothing to put in order before the end.
    os._exit(status)


if __name__ == "__main__":
    main()
