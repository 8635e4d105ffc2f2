"""``samovar modelfile``: examples as an Ollama Modelfile."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from samovar.app import open_services
from samovar.cli.output import DataDir, load_settings, plain, run_async
from samovar.domain.errors import FileTooLarge, InvalidRequest, NotFound
from samovar.domain.examples import ExampleSet
from samovar.domain.ids import ExampleSetId, new_examples_id, new_user_id
from samovar.prompts.example_files import MOST_BYTES, read_example_file
from samovar.prompts.modelfile import write_modelfile
from samovar.settings import Settings
from samovar.telemetry.metrics import Metrics

__all__ = ["modelfile"]

_MEGABYTE = 1_000_000


def modelfile(
    examples: Annotated[
        str, typer.Argument(help="A file of examples, or an example set by its name or id.", show_default=False)
    ],
    model: Annotated[str, typer.Option(help="What Ollama calls the model to start from.", show_default=False)],
    data_dir: DataDir = None,
) -> None:
    """Print examples as an Ollama Modelfile; what of a file was not understood is told on standard error."""
    path = Path(examples)
    found = _of_file(path) if path.is_file() else run_async(_stored(load_settings(data_dir), examples))
    print(write_modelfile(model, found), end="")


def _of_file(path: Path) -> ExampleSet:
    """The examples of a file, which are stored nowhere. Raises: DocumentError."""
    if path.stat().st_size > MOST_BYTES:
        raise FileTooLarge(name=path.name, limit_mb=MOST_BYTES // _MEGABYTE)
    read = read_example_file(path.name, path.read_bytes())
    for problem in read.problems:
        lines = ", ".join(map(str, problem.lines)) + (", …" if problem.count > len(problem.lines) else "")
        print(f"{plain(path.name)}: {problem.what}: {problem.count} ({lines})", file=sys.stderr)
    return ExampleSet(
        examples_id=new_examples_id(),
        owner_id=new_user_id(),
        name=path.stem,
        instruction=read.instruction,
        examples=read.examples,
        created_at=datetime.now(UTC),
    )


async def _stored(settings: Settings, wanted: str) -> ExampleSet:
    """One of the owner's sets. Raises: NotFound, InvalidRequest when several have the name."""
    async with open_services(settings, Metrics(), engine_use="none") as services:
        actor = await services.sign_in.owner()
        async with services.storage.reading() as tx:
            try:
                return await tx.example_sets.access(actor, ExampleSetId(UUID(wanted)))
            except ValueError:
                named = [one for one in await tx.example_sets.view_all(actor) if one.name == wanted]
            if len(named) > 1:
                raise InvalidRequest(reason=f"{len(named)} example sets have the name “{wanted}”; name one by its id")
            if not named:
                raise NotFound(what="example set")
            return await tx.example_sets.access(actor, named[0].examples_id)
