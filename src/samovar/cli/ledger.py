"""``samovar ledger``: what a model was sent for one answer, what was left out and why."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final
from uuid import UUID

import typer

from samovar.app import open_services
from samovar.cli.ledger_words import say_ledger
from samovar.cli.output import DataDir, Json, load_settings, plain, print_json, run_async
from samovar.domain.errors import NotFound
from samovar.domain.ids import RunId
from samovar.domain.ledger import Ledger, Piece, from_json, request_to_json, with_defaults
from samovar.retrieval.cite import normalise_quote
from samovar.settings import Settings
from samovar.telemetry.metrics import Metrics

__all__ = ["ledger"]

_SHOWN_CHARACTERS: Final = 100
#: What of an origin tells people where to look.
_PLACES: Final = ("turn", "example", "page", "message_id", "summary_id", "examples_id", "document_id", "sha256")


def ledger(
    run: Annotated[UUID, typer.Argument(metavar="RUN", help="The id of a run; `samovar ask --json` prints it.")],
    as_json: Json = False,
    as_request: Annotated[
        bool, typer.Option("--request", help="Print the request as it was sent, made again from the ledger, as JSON.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Show what a model was sent for an answer, piece by piece, and what was left out and why."""
    if as_json and as_request:
        raise typer.BadParameter("choose one of --json and --request")
    stored = run_async(_read(load_settings(data_dir), RunId(run)))
    if as_json:
        print_json(with_defaults(stored))
    elif not stored and as_request:
        raise NotFound(what="request")
    elif not stored:
        print(say_ledger("nothing"))
    elif as_request:
        print_json(request_to_json(from_json(stored)))
    else:
        print("\n".join(_lines(from_json(stored))))


async def _read(settings: Settings, run_id: RunId) -> Mapping[str, object]:
    async with open_services(settings, Metrics(), engine_use="none") as services:
        actor = await services.sign_in.owner()
        async with services.storage.reading() as tx:
            return await tx.runs.ledger(actor, run_id)


def _lines(found: Ledger) -> Iterator[str]:
    yield say_ledger("model", model=plain(found.model), backend=plain(found.backend))
    yield say_ledger(
        "budget",
        sent=found.sent_tokens,
        budget=found.context_tokens - found.reply_tokens,
        reply=found.reply_tokens,
        context=found.context_tokens,
    )
    yield say_ledger(found.counted_by)
    for name, is_sent in (("sent", True), ("left_out", False)):
        pieces = [piece for piece in found.pieces if piece.sent is is_sent]
        if pieces:
            yield f"\n{say_ledger(name)}"
            yield from (line for piece in pieces for line in _piece_lines(piece))


def _piece_lines(piece: Piece) -> Iterator[str]:
    role = "" if piece.kind in ("system", "question", "image") else f", {piece.role}"
    reason = f" — {say_ledger(f'reason_{piece.reason}')}" if piece.reason else ""
    place = f"{piece.message:>3}" if piece.sent else "   "
    yield f"{place} {piece.tokens:>7}  {say_ledger(f'kind_{piece.kind}')}{role}{reason}"
    if text := normalise_quote(piece.text):
        yield f"             {plain(text[:_SHOWN_CHARACTERS])}{'…' if len(text) > _SHOWN_CHARACTERS else ''}"
    for unit in ("messages", "examples"):
        if unit in piece.origin and not piece.text:
            yield f"             {say_ledger(unit, count=piece.origin[unit])}"
    if told := [f"{name} {piece.origin[name]}" for name in _PLACES if name in piece.origin]:
        yield f"             {plain(', '.join(told))}"
