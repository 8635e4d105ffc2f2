"""Write docs/reference/cli.md from the commands, or check that it is what they say; and that each metric has a row."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from uuid import UUID

import typer.main
from generated_page import write_or_compare

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from samovar.cli.main import app  # noqa: E402 - the checkout's own, installed or not
from samovar.telemetry.metrics import Metrics  # noqa: E402 - as above

REFERENCE = ROOT / "docs" / "reference"
PAGE = REFERENCE / "cli.md"
OPENING = """# Command line

<!-- Written by `make docs` from src/samovar/cli and tools/cli_reference.py: change those, not this page. -->

`samovar` has one verb for each task. `samovar --help` lists them, `samovar VERB --help` tells about one.

Every verb works on one data folder. `--data-dir` names it, else `SAMOVAR_DATA_DIR`, else it is your user data folder.
All other [settings](settings.md) count as well. Verbs may run side by side, and beside the server: they share its
database, and `ask` and `models` its loaded model when their settings name the same one.

## Results, errors and exit codes

Results go to standard output, one JSON object on one line with `--json`. Everything else goes to standard error.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | failed; one line on standard error says why and what to do |
| 2 | wrong usage: an unknown verb or option, or a missing argument |
| 130 | ended by Ctrl+C |

The line of a failure is `samovar: `, what happened, what to do, and the [code](errors.md) in brackets:

```
samovar: No backend offers the model nope. Choose another model; `samovar models` lists them. [model_unknown]
```

It is in Russian where the locale is, or where `SAMOVAR_LANGUAGE=ru` says so; the code in brackets stays.
`ingest` and `doctor` end with 1 when one file or part failed; then their report says which.

Programs may rely on the shapes below. A later version may add names to an object; it does not rename or remove them.
"""
VALUES: dict[object, str] = {
    str: "TEXT",
    int: "NUMBER",
    Path: "PATH",
    datetime: "DATE",
    UUID: "ID",
    list[Path]: "PATH",
    list[str]: "TEXT",
}
#: What ``--json`` prints, and what else a reader of the page should know.
REMARKS = {
    "serve": """The first line names the address, the second a sign-in link that works once, within 24 hours
(`samovar link` makes another). `--port 0` takes a free port and prints it. `--no-engine` starts without the embedded
model; models then come from `OPENAI_BASE_URL` or `OLLAMA_HOST`. Without sign-in (`SAMOVAR_SERVER_SIGN_IN=false`) it
listens on loopback only. Ctrl+C or SIGTERM ends it: replies that are being written end as interrupted, and what was
written stays. Logs are JSON lines on standard error.""",
    "eval retrieval": """`--dataset` is JSON in the form of SQuAD: `data`, `paragraphs`, `context`, `qas` with `id`,
`question` and `answers` (`text`, `answer_start`). A paragraph is a unit, or with `--unit sentence` each of its
sentences; units of the same text are one. Right is the unit in which the answer stands, or each of those that it
crosses. Questions without an answer are left out, which a line on standard error says. The first two questions are
asked once before the clock runs. Vectors of texts are kept in the user's cache folder, so that a second run is quick;
questions are embedded anew. Settings choose the embedder and the re-ranker. Exit code 1: the file is no data set
(`dataset_invalid`), or a model failed. Progress goes to standard error. [Measure search](../how-to/measure-search.md)
tells how to read the figures.

```json
{"questions": 1190, "units": 240,
 "arms": {"lexical": {"recall@1": 0.9, "recall@5": 0.98, "recall@10": 0.99, "mrr@10": 0.94, "ndcg@10": 0.95,
                      "p50_ms": 9.1, "p95_ms": 14.2},
          "dense": {…}, "hybrid": {…}, "reranked": {…}}}
```

All arms but `lexical` are null where the settings choose no embedder. Latency (`p50_ms`, `p95_ms`) is that of one
question, asked alone, from its text to ten passages that can be shown; embedding the question is part of it, done
once and counted in each of the three that need it.""",
    "ask": """The question and the answer are kept as a chat, which the page shows too. Temperature and seed are 0, so
that the same question to the same files gets the same answer. The answer is printed while it is written; notices go to
standard error.

```json
{"answer": "The service uses port 7680. [1]",
 "citations": [{"n": 1, "document": "manual.pdf", "page": 2, "quote": "The service uses port 7680.",
                "verified": true, "origin": "answer"}],
 "usage": {"prompt_tokens": 70, "completion_tokens": 11},
 "model": "SmolLM2-135M-Instruct",
 "run": "90d04ef6-dafe-4a8b-9015-fd4dd74dff11"}
```

`page` is null in a document without pages. `verified` is true when code has read the quote again at its place in the
stored source. `origin` tells who chose the place: `model` (it wrote `[n]`), `answer` (code found the words of the
answer there) or `nearest` (merely the passage nearest to the question). A label of the model that its passage does not
bear out has an empty quote.""",
    "ingest": """The library is what `samovar search` looks through. Chats answer from the files that are attached to
them. The same bytes are taken in once.

```json
{"documents": [{"name": "manual.pdf", "status": "ready", "error": null,
                "pages": [{"page": 1, "status": "text", "reason": null},
                          {"page": 2, "status": "no_text", "reason": "no text layer: a scan or a picture"}]},
               {"name": "empty.txt", "status": "failed", "error": "file_empty",
                "pages": [{"page": 1, "status": "failed", "reason": "empty.txt is empty. …"}]}]}
```

`status` of a document is `ready` or `failed`, of a page `text`, `no_text`, `picture` or `failed`. A document without
pages counts as page 1. `error` is one of the [codes](errors.md).""",
    "import": """What a file is, is told by its content. A file that cannot be read ends the command with 1 after the
others were taken in.

```json
{"files": [{"file": "export.zip", "error": null, "source": "chatgpt", "chats": 2, "messages": 40, "skipped": 1,
            "problems": [{"what": "image", "count": 3, "example": "file-service://…"}]},
           {"file": "notes.json", "error": "import_unrecognised", "reason": "No chats were found in notes.json. …"}]}
```

`what` is one of the [losses](samovar-json.md#what-an-import-reports), `error` one of the [codes](errors.md).""",
    "export": """[JSON](samovar-json.md) is one object whatever is chosen. A file is written beside its place and moved
there when it is whole.""",
    "search": """All documents of the data folder are searched: the library, and what is attached to chats. Vectors are
made by `samovar serve` in the background; what has none yet is found by its words alone, which a line on standard error
says. Hits far behind the best one are left out.

```json
{"hits": [{"chunk_id": "1f0e…", "document_id": "90d0…", "document": "manual.pdf", "title": null, "path": "manual.pdf",
           "page": 2, "start": 120, "end": 410, "figure": null, "headings": ["Network"],
           "text": "The service uses port 7680. …", "score": 0.8121, "taken_in_at": "2026-11-22T09:00:00+00:00",
           "evidence": {"lexical": {"rank": 1, "score": 12.3102}, "dense": {"rank": 4, "score": 0.8613},
                        "fused": 0.7904, "reranked": 0.8121, "matched": ["port", "service"],
                        "searched": "service port"}}],
 "dense": "used", "notes": [], "took_ms": {"arms": 12.1, "read": 2.4}, "stems": {"port": 3.2, "servic": 1.1}}
```

Best first; scores are from 0 to 1. `evidence` is null, and `dense` to `stems` are missing, without `--explain`. In it,
`lexical` scores are BM25 and `dense` ones cosines; null stands for an arm that did not find the hit, rank 0 for one
that gave it a score all the same. `dense` tells whether vectors took part (`used`, `filling`, `off`, `failed`),
`notes` the codes of errors that the search went on without, `took_ms` milliseconds by stage,
`stems` the words looked for with their rarity.""",
    "models": """`*` marks the model of a chat that names none. The verb waits up to 60 seconds for a model that loads.

```json
{"default": "SmolLM2-135M-Instruct",
 "models": [{"id": "SmolLM2-135M-Instruct", "model": "SmolLM2-135M-Instruct", "backend": "engine", "state": "ready",
             "is_demonstration": true, "route": null, "context_tokens": 8192, "trained_context_tokens": 8192,
             "loaded": true, "vision": false, "vision_known_by": "api", "tools": false, "reasoning": false,
             "embeddings": null, "json_schema": true, "quantisation": "Q4_1", "size_bytes": 96576768,
             "licence": null, "guessed": [], "unsupported_parameters": ["reasoning_effort"]}],
 "problems": [{"backend": "ollama", "code": "backend_unreachable", "title": "…"}]}
```

`id` is what `ask --model`, chats and `/v1` take; it is `backend/model` when two backends offer the same name. What a
backend does not tell is null.""",
    "backends": """`!` marks a server that cannot be used, with the reason and the way out. Something that answers on a
usual port of this machine and is not used is listed too.
See [connect a model server](../how-to/connect-a-model-server.md).

```json
{"backends": [{"name": "ollama", "kind": "ollama", "url": "http://127.0.0.1:11434", "source": "found",
               "origin": "port 11434", "state": "ready", "reason": null, "code": null,
               "models": [{"id": "gemma3:4b", "state": "ready", "loaded": true, "context_length": 8192,
                           "quantisation": "Q4_K_M", "vision": true, "vision_known_by": "api", "tools": false,
                           "embeddings": false}]}]}
```

`state` is `ready`, `loading`, `down` or `refused`, `reason` a sentence and `code` its [code](errors.md), both null when
all is well. A backend and a model have further names, the ones of [`GET /api/backends`](api.md#backends).

`--probe-vision` shows two pictures of one colour each to every model that is loaded and asks for the colours; the
object then has `"vision_trials": [{"backend", "model", "outcome", "reason"}]` besides, where `outcome` is `sees`,
`refuses`, `ignores` (the pictures were accepted and not seen) or `not tried: …`, and null when the trial failed for
`reason`. What was shown stands in `vision` too, with `"vision_known_by": "probe"`.""",
    "fit": """Without `--memory` this machine is meant: its memory and that of its graphics cards together, less a
reserve for everything else. A stated memory may be a machine's or a graphics card's; `gpu_layers` tells how much of the
model a card of that size holds. [How to fit a model](../how-to/fit-a-model.md) tells what is counted.

```json
{"weights_bytes": 98362432, "kv_bytes": 47185920, "overhead_bytes": 67360128, "total_bytes": 212908480,
 "memory_bytes": 12000000000, "fits": true, "max_context": 8192, "gpu_layers": 31,
 "advice": ["A context of up to 8192 tokens fits.", "…"]}
```

`advice` is in the language of the command line. `max_context` is 0 where no context fits.""",
    "catalogue": """```json
{"models": [{"id": "qwen3-8b", "name": "Qwen3 8B", "publisher": "Alibaba (Qwen)", "licence": "Apache-2.0",
             "commercial": "yes", "languages": ["en", "zh", "ru"], "vision": false, "context_tokens": 40960,
             "parameters": 8190735360, "active_parameters": null, "source": "https://…",
             "files": [{"quantisation": "Q4_K_M", "size_bytes": 5030000000, "repo": "Qwen/Qwen3-8B-GGUF",
                        "file": "Qwen3-8B-Q4_K_M.gguf", "sha256": null}],
             "fit": {"quantisation": "Q8_0", "size_bytes": 8710000000, "total_bytes": 10082687232,
                     "memory_bytes": 22748859188, "fits": true}}]}
```

`fit` is for 8192 tokens on this machine, with the best file that fits, else the smallest; null where the facts do not
suffice. What is not known is null and passes no filter. Nothing is fetched: the catalogue comes with Samovar.""",
    "models list": """```json
{"files": [{"name": "model.gguf", "path": "/…/models/model.gguf", "size_bytes": 98362432, "sha256": "b179…",
            "origin": "import", "architecture": "llama", "quantisation": "Q4_K_M", "is_projector": false,
            "error": null}]}
```""",
    "models import": """The name that it prints is what `SAMOVAR_ENGINE_MODEL_FILE` and `serve --model-file` take. The
file's head is checked before, its checksum while it is copied; nothing is kept of a file that fails. With `--json` it
prints one entry of `models list`.""",
    "models download": """Off unless an administrator sets `downloads.enabled` ([settings](settings.md)). The checksum
comes from `--sha256`, else from the hub; without one nothing is kept.""",
    "doctor": """```json
{"parts": [{"name": "database", "state": "ok", "detail": "PostgreSQL 18.4 (embedded), schema 0001, 9 MB, …",
            "advice": null}]}
```

`state` is `ok`, `warning` or `failed`; the exit code is 1 when a part failed. The parts are `program`, `data`,
`database`, `model`, `parsers`, `web app`, `port` and `backends`. Addresses of backends are shown, not called:
`samovar models` does that.""",
    "link": """It works beside the running server, for whoever may read the data folder. The link works once, within
24 hours.""",
    "keys create": """Prints the key alone. Only its hash is kept: it cannot be shown again. Each
[scope](api.md#keys) opens some routes: `models`, `chat` and `embeddings` those of `/v1`, `app` everything under
`/api`, chats and files included.""",
    "keys list": """```json
{"keys": [{"id": "90d04ef6-dafe-4a8b-9015-fd4dd74dff11", "name": "editor", "prefix": "sk-samovar-x7Kp2",
           "scopes": ["models", "chat", "embeddings"], "state": "active", "created_at": "2026-11-22T09:00:00+00:00",
           "expires_at": null, "requests_per_minute": null, "tokens_per_day": 200000, "tokens_today": 1840,
           "last_used_at": "2026-11-22T09:41:00+00:00"}]}
```

`state` is `active`, `expired` or `revoked`. What is null has no limit; a key never used has no `last_used_at`. A
running server writes down what keys used every 3 seconds.""",
    "keys revoke": """`KEY` is an id, or the beginning of a key that no other living key shares. A whole key will do,
too.""",
}


def main() -> int:
    """Check both pages; with ``--write`` write the one of the commands."""
    faults = write_or_compare(PAGE, page(), source="src/samovar/cli")
    faults += [f"docs/reference/metrics.md has no row for {name}" for name in missing_metrics()]
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


def page() -> str:
    """Return the whole page."""
    found = dict(verbs(typer.main.get_command(app), ""))
    if set(REMARKS) - set(found):
        raise SystemExit(f"tools/cli_reference.py tells of verbs that are gone: {set(REMARKS) - set(found)}")
    return OPENING + "".join(entry(name, command) for name, command in found.items())


def verbs(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Walk the tree of commands down to those that do something. Shape: (words after ``samovar``, command)."""
    inner = getattr(command, "commands", None)
    if inner is None or command.invoke_without_command:
        yield name, command
    if inner is None:
        return
    for word, child in inner.items():
        yield from verbs(child, f"{name} {word}".strip())


def entry(name: str, command: Any) -> str:
    """Return what the page says of one verb."""
    arguments = [found for found in command.params if found.param_type_name == "argument"]
    usage = " ".join(
        ["samovar", name, *(f"{a.name.upper()}{'...' if a.nargs == -1 else ''}" for a in arguments), "[OPTIONS]"]
    )
    rows = [f"| `{a.name.upper()}` | {a.help} | required |" for a in arguments]
    rows += [option_row(found) for found in command.params if found.param_type_name == "option"]
    parts = [
        f"\n## `samovar {name}`\n",
        inspect.cleandoc(command.help or ""),
        f"\n```sh\n{usage}\n```\n",
        "| option | meaning | default |\n|---|---|---|",
        *rows,
    ]
    if name in REMARKS:
        parts += ["", REMARKS[name]]
    return "\n".join(parts) + "\n"


def option_row(option: Any) -> str:
    """Return one row of a table of options."""
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    value = "" if option.is_flag else f" {value_name(option.type_descriptor.annotation)}"
    upper = "" if option.max is None else f" to {option.max}"
    bounds = f" From {option.min}{upper}." if option.min is not None else ""
    shown = option.show_default if isinstance(option.show_default, str) else option.default
    if option.required:
        default = "required"
    elif option.is_flag:
        default = "" if not option.secondary_opts else "as in the settings"
    else:
        default = "" if shown is None else f"`{shown}`" if " " not in str(shown) else str(shown)
    return f"| {names}{value} | {option.help}{bounds} | {default} |"


def value_name(kind: object) -> str:
    """Name the value of an option: its choices where there are but a few."""
    return "\\|".join(get_args(kind)) if get_origin(kind) is Literal else VALUES[kind]


def missing_metrics() -> list[str]:
    """List the metrics of ours that have no row in their page."""
    page_path = REFERENCE / "metrics.md"
    words = page_path.read_text(encoding="utf-8") if page_path.is_file() else ""
    kept = (line.split()[2] for line in Metrics().render().decode().splitlines() if line.startswith("# TYPE samovar_"))
    return [name for name in kept if not name.endswith("_created") and f"| `{name}` |" not in words]


if __name__ == "__main__":
    sys.exit(main())
