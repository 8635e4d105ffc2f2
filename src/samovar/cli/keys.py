"""``samovar keys``: keys for programs."""

import re
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, TypeVar

import typer

from samovar.accounts.keys import KeyTerms, ListedKey
from samovar.api.deps import Services
from samovar.api.keys import key_body
from samovar.app import open_services
from samovar.cli.output import DataDir, Json, load_settings, plain, print_json, run_async
from samovar.domain.account import KEY_SCOPES, USUAL_SCOPES, KeyScope
from samovar.domain.actor import Actor
from samovar.domain.errors import InvalidRequest
from samovar.settings import Settings
from samovar.telemetry.metrics import Metrics

__all__ = ["app"]

app = typer.Typer(help="Keys for programs.", no_args_is_help=True)

Result = TypeVar("Result")
_Work = Callable[[Services, Actor], Coroutine[Any, Any, Result]]

_DURATION: Final = re.compile(r"([1-9][0-9]{0,4})([hdw])")
_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@app.callback()
def keys() -> None:
    """Keys for programs."""


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What the key is for.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help=f"What it opens, once for each: {', '.join(KEY_SCOPES)}.", show_default="models, chat, embeddings"
        ),
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="How long it lasts: 12h, 30d, 8w.", show_default="for ever")
    ] = None,
    requests_per_minute: Annotated[
        int | None, typer.Option(min=1, help="Most requests a minute.", show_default="no limit")
    ] = None,
    tokens_per_day: Annotated[
        int | None, typer.Option(min=1, help="Most tokens a day (UTC).", show_default="no limit")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Make a key and print it; it is shown this once."""
    terms = KeyTerms(
        name=name,
        scopes=_read_scopes(scope) if scope else USUAL_SCOPES,
        expires_at=_read_end(expires) if expires is not None else None,
        requests_per_minute=requests_per_minute,
        tokens_per_day=tokens_per_day,
    )

    async def make(services: Services, owner: Actor) -> str:
        _, secret = await services.keys.create(owner, terms)
        return secret

    print(_run(load_settings(data_dir), make))


@app.command("list")
def list_keys(as_json: Json = False, data_dir: DataDir = None) -> None:
    """List the keys, the newest first, those that ended in the last 30 days included."""

    async def read(services: Services, owner: Actor) -> list[ListedKey]:
        return list(await services.keys.list(owner))

    found = _run(load_settings(data_dir), read)
    if as_json:
        print_json({"keys": [key_body(listed) for listed in found]})
        return
    for listed in found:
        print(plain(_line(listed)))


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(metavar="PREFIX|ID", help="The beginning of a key, or its id.")],
    data_dir: DataDir = None,
) -> None:
    """End a key for good; a running server refuses it within 2 seconds."""

    async def end(services: Services, owner: Actor) -> None:
        found = await services.keys.find(owner, key)
        await services.keys.revoke(owner, found.key_id)

    _run(load_settings(data_dir), end)


def _run(settings: Settings, work: _Work[Result]) -> Result:
    async def with_services() -> Result:
        async with open_services(settings, Metrics(), engine_use="none") as services:
            return await work(services, await services.sign_in.owner())

    return run_async(with_services())


def _read_scopes(names: list[str]) -> frozenset[KeyScope]:
    known = frozenset(scope for scope in KEY_SCOPES if scope in names)
    if unknown := sorted(set(names) - known):
        raise InvalidRequest(reason=f"there is no scope {unknown[0]}, but {', '.join(KEY_SCOPES)}")
    return known


def _read_end(duration: str) -> datetime:
    found = _DURATION.fullmatch(duration)
    if found is None:
        raise InvalidRequest(reason="a key lasts for hours, days or weeks: 12h, 30d, 8w")
    return datetime.now(UTC) + int(found.group(1)) * _UNITS[found.group(2)]


def _line(listed: ListedKey) -> str:
    key = listed.key
    facts = [listed.state, "+".join(sorted(key.scopes))]
    if key.expires_at is not None:
        facts.append(f"until {key.expires_at:%Y-%m-%d %H:%M} UTC")
    if key.requests_per_minute is not None:
        facts.append(f"{key.requests_per_minute} requests a minute")
    facts.append(f"{listed.tokens_today} of {key.tokens_per_day or 'any number of'} tokens today")
    facts.append(f"last used {key.last_used_at:%Y-%m-%d %H:%M} UTC" if key.last_used_at else "never used")
    return f"{key.prefix}…  {key.name}  ({', '.join(facts)})"
