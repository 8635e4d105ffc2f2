"""``samovar backends``: the model servers, how each is, and what its models can do."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer

from samovar.api.backends import backends_body
from samovar.api.deps import Services
from samovar.app import open_services
from samovar.cli.output import DataDir, Json, load_settings, plain, print_json, run_async
from samovar.cli.words import error_words
from samovar.domain.errors import SamovarError, error_from_code
from samovar.domain.generation import ModelDescription
from samovar.gateway.pool import Member
from samovar.gateway.vision import try_vision
from samovar.settings import Settings
from samovar.telemetry.metrics import Metrics

__all__ = ["backends"]

_LOADING_WAIT_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """What became of showing a picture to a model; ``outcome`` is None where ``error`` says why nothing did."""

    backend: str
    model: str
    outcome: str | None
    error: SamovarError | None = None


def backends(
    as_json: Json = False,
    probe_vision: Annotated[
        bool, typer.Option("--probe-vision", help="Show two small pictures to each model that is loaded.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """List the model servers that are named, added or found, and what their models can do."""
    found, trials = run_async(_survey(load_settings(data_dir), probe_vision))
    if as_json:
        body: dict[str, object] = {"backends": [_for_programs(backend) for backend in found]}
        if probe_vision:
            body["vision_trials"] = [_trial_body(trial) for trial in trials]
        print_json(body)
        return
    for backend in found:
        _print_backend(backend)
    for trial in trials:
        said = trial.outcome or (error_words(trial.error)[0] if trial.error else "")
        print(plain(f"? {trial.backend}/{trial.model}: {said}"))


async def _survey(settings: Settings, probe_vision: bool) -> tuple[list[dict[str, Any]], Sequence[_Trial]]:
    async with open_services(settings, Metrics(), engine_use="shared") as services:
        await _wait_for_loading(services)
        trials = await _try_all(services) if probe_vision else ()
        body = backends_body(services)["backends"]
        assert isinstance(body, list)
        return body, trials


async def _wait_for_loading(services: Services) -> None:
    give_up_at = time.monotonic() + _LOADING_WAIT_S
    while True:
        listing = await services.models.list()
        is_loading = any(choice.description.state == "loading" for choice in listing.choices)
        if not is_loading or time.monotonic() > give_up_at:
            return
        await asyncio.sleep(0.25)


async def _try_all(services: Services) -> Sequence[_Trial]:
    """Try one model after another: side by side they would wait for each other all the same."""
    return [
        await _try(member, found)
        for member in services.pool.members
        for found in member.models
        if found.state == "ready" and found.capabilities.embeddings is not True
    ]


async def _try(member: Member, found: ModelDescription) -> _Trial:
    name = member.spec.name
    if found.capabilities.loaded is None and len(member.models) > 1:
        # Such a server may load a model for each question, and may ask money for it.
        return _Trial(backend=name, model=found.model, outcome="not tried: nobody tells whether it is loaded")
    if found.capabilities.loaded is False:
        return _Trial(backend=name, model=found.model, outcome="not tried: it is not loaded")
    try:
        return _Trial(
            backend=name, model=found.model, outcome=await try_vision(member, found.model, "samovar backends")
        )
    except SamovarError as error:
        return _Trial(backend=name, model=found.model, outcome=None, error=error)


def _for_programs(backend: dict[str, Any]) -> dict[str, Any]:
    """The body of the API with its reason as one sentence, and the code beside it."""
    reason = backend["reason"]
    return {**backend, "reason": reason["title"] if reason else None, "code": reason["code"] if reason else None}


def _trial_body(trial: _Trial) -> dict[str, object]:
    reason = trial.error.message if trial.error else None
    return {"backend": trial.backend, "model": trial.model, "outcome": trial.outcome, "reason": reason}


def _print_backend(backend: dict[str, Any]) -> None:
    facts = [backend["kind"], backend["url"] or "-", backend["state"]]
    if backend["origin"]:
        facts.append(backend["origin"])
    if backend["named_kind"]:
        facts.append(f"named as {backend['named_kind']}")
    if backend["outside"]:
        facts.append("beyond this machine")
    print(plain(f"{'!' if backend['reason'] else ' '} {backend['name']}  ({', '.join(facts)})"))
    if reason := backend["reason"]:
        print(plain("    " + " ".join(error_words(error_from_code(reason["code"], **reason["values"])))))
    for model in backend["models"]:
        print(plain(f"    {model['id']}  ({', '.join(_facts(model))})"))


def _facts(model: dict[str, Any]) -> list[str]:
    facts = [model["state"]] if model["state"] != "ready" else []
    if model["loaded"] is not None:
        facts.append("loaded" if model["loaded"] else "not loaded")
    facts.append(f"{model['context_length'] or '?'} tokens")
    facts.append(model["quantisation"] or "?")
    sight = {True: "vision", False: "text", None: "vision unknown"}[model["vision"]]
    facts.append(f"{sight}, guessed from its name" if model["vision_known_by"] == "name" else sight)
    facts += [name for name in ("tools", "reasoning", "embeddings") if model[name]]
    return facts
