"""Run a stand-in by hand: ``python -m tools.stand_ins ollama --port 11434 --tokens-per-s 20``."""

import argparse
import asyncio
import contextlib
import signal
import sys
from dataclasses import fields
from types import NoneType
from typing import Final, Literal, get_args, get_origin, get_type_hints

from .behaviour import Behaviour
from .kinds import KINDS
from .running import listen

__all__ = ["main"]

#: A pace at which a person sees the words come.
_PACE: Final = {"tokens_per_s": 30.0, "first_token_s": 0.3}


def main(arguments: list[str]) -> int:
    """Read the command line, listen, and stay until Ctrl+C."""
    parser = _make_parser()
    options = parser.parse_args(arguments)
    chosen = {field.name: getattr(options, field.name) for field in fields(Behaviour)}
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(_serve(options.kind, options.host, options.port, Behaviour(**chosen)))
    return 0


async def _serve(kind: str, host: str, port: int | None, behaviour: Behaviour) -> int:
    stand_in = KINDS[kind](behaviour)
    stopped = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        # Windows has no such handlers; there Ctrl+C is an exception.
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    try:
        async with listen(stand_in, host=host, port=stand_in.default_port if port is None else port) as url:
            print(f"{kind} stands in at {url} with {', '.join(model.name for model in stand_in.models)}", flush=True)
            await stopped.wait()
    except OSError as error:
        print(f"cannot listen on port {port}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stand_ins", description=__doc__)
    parser.add_argument("kind", choices=KINDS, help="the server to stand in for")
    parser.add_argument("--port", type=int, help="where to listen; the server's usual port, 0 for a free one")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on; %(default)s")
    hints = get_type_hints(Behaviour, include_extras=True)
    for field in fields(Behaviour):
        kind, words = get_args(hints[field.name])
        flag = "--" + field.name.removeprefix("is_").replace("_", "-")
        default = _PACE.get(field.name, field.default)
        shown = words if default in (None, False, "", 0) else f"{words}; {default}"
        if kind is bool:
            parser.add_argument(flag, dest=field.name, action="store_true", help=shown)
        elif get_origin(kind) is Literal:
            parser.add_argument(flag, dest=field.name, choices=get_args(kind), default=default, help=shown)
        else:
            plain = next((one for one in get_args(kind) if one is not NoneType), kind)
            parser.add_argument(flag, dest=field.name, type=plain, default=default, metavar="N", help=shown)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
