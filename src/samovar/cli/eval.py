"""``samovar eval``: how well search and answers do, measured on questions whose answers are known."""

import typer

from samovar.cli import eval_grounding, eval_retrieval

__all__ = ["app"]

app = typer.Typer(help="Measure how well passages are found, and how surely citations are right.", no_args_is_help=True)
app.command()(eval_retrieval.retrieval)
app.command()(eval_grounding.grounding)


@app.callback()
def options() -> None:
    """Measure how well passages are found, and how surely citations are right."""
