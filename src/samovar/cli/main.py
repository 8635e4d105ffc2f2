"""The ``samovar`` command."""

import sys
from io import TextIOWrapper

import typer

from samovar import __version__
from samovar.cli import (
    ask,
    backends,
    catalogue,
    doctor,
    eval,
    export,
    fit,
    import_,
    ingest,
    keys,
    ledger,
    link,
    modelfile,
    models,
    ocr,
    report,
    search,
    serve,
    worker,
)
from samovar.cli.words import error_line
from samovar.domain.errors import SamovarError
from samovar.telemetry.log import configure_logging, get_log

__all__ = ["app", "main"]

app = typer.Typer(
    name="samovar",
    help="A private chat with local models. Nothing leaves this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(serve.serve)
app.command()(ask.ask)
app.command()(ingest.ingest)
app.command()(report.report)
app.command()(search.search)
app.command()(ledger.ledger)
app.command()(worker.worker)
app.command("import")(import_.import_chats)
app.command()(export.export)
app.add_typer(models.app, name="models")
app.command()(fit.fit)
app.command()(catalogue.catalogue)
app.command()(modelfile.modelfile)
app.command()(backends.backends)
app.command()(doctor.doctor)
app.command()(link.link)
app.add_typer(keys.app, name="keys")
app.add_typer(ocr.app, name="ocr")
app.add_typer(eval.app, name="eval")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(False, "--version", help="Print the version.", callback=_print_version, is_eager=True),
) -> None:
    """A private chat with local models. Nothing leaves this machine."""


def main() -> None:
    """Run the command line; exit codes: 0 done, 1 failed with one line that says why, 2 wrong usage."""
    configure_logging(verbose=False)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A file name or an answer that the terminal cannot spell is no reason to fail.
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except SamovarError as error:
        if error.code == SamovarError.code:
            get_log(__name__).error("command.crashed", error=error)
        print(error_line(error), file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
