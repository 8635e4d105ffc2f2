"""Whether a model fits into memory, what context fits, and what to change."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from samovar.weights.memory import KvType, compute_bytes, kv_bytes, layer_kv_bytes, overhead_bytes
from samovar.weights.quantisation import BITS_PER_WEIGHT
from samovar.weights.shape import SizedModel

__all__ = ["DEFAULT_CONTEXT_TOKENS", "Advice", "AdviceCode", "Budget", "Fit", "estimate_fit"]

DEFAULT_CONTEXT_TOKENS: Final = 8192
#: Less context than this is of no use in a chat.
_LEAST_CONTEXT_TOKENS: Final = 512
_CONTEXT_STEP: Final = 256
#: A context for a model whose file does not say for how much it was trained.
_UNKNOWN_CONTEXT_TOKENS: Final = 131_072
#: Quantisations that are worth advising: below them answers suffer, above them nothing is gained.
_ADVISED: Final = ("Q3_K_M", "Q4_K_S", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0")
#: What a smaller model is measured in, and the share of memory that its weights may take beside a context.
_USUAL: Final = "Q4_K_M"
_WEIGHTS_SHARE: Final = 0.8
#: Smaller than the smallest models that can hold a conversation.
_LEAST_BILLIONS: Final = 0.1
#: Two quantisations nearer than this are one and the same for advice.
_BITS_MARGIN: Final = 1.05

AdviceCode = Literal[
    "smaller_quantisation", "better_quantisation", "smaller_model", "more_memory", "quantised_kv", "smaller_context",
    "longer_context", "some_layers", "all_layers", "context_cut",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One thing to do, by code; ``samovar.weights.advice`` has the words. Sizes in bytes."""

    code: AdviceCode
    values: dict[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Memory that a model may take, in bytes, and the part of it that belongs to graphics processors."""

    memory_bytes: int
    gpu_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What a model needs at one context length, in bytes, and how that compares with a budget.

    ``gpu_layers`` counts as llama.cpp's option does: the last projection is a layer of its own, and the first to go.
    """

    context_tokens: int
    kv: KvType
    weights_bytes: int
    kv_bytes: int
    overhead_bytes: int
    memory_bytes: int
    max_context: int
    gpu_layers: int
    all_layers: int
    advice: tuple[Advice, ...]

    @property
    def total_bytes(self) -> int:
        """Everything together."""
        return self.weights_bytes + self.kv_bytes + self.overhead_bytes

    @property
    def fits(self) -> bool:
        """Whether it is within the budget."""
        return self.total_bytes <= self.memory_bytes


def estimate_fit(model: SizedModel, budget: Budget, *, context_tokens: int, kv: KvType = "f16") -> Fit:
    """Estimate a model's memory with one answer at a time. The context is cut at what the model was trained for."""
    trained = model.shape.context_tokens
    context = min(context_tokens, trained) if trained else context_tokens
    bare = Fit(
        context_tokens=context,
        kv=kv,
        weights_bytes=model.weights.total_bytes + model.projector_bytes,
        kv_bytes=kv_bytes(model.shape, context, kv),
        overhead_bytes=overhead_bytes(model.shape, context),
        memory_bytes=budget.memory_bytes,
        max_context=_largest_context(model, budget.memory_bytes, kv),
        gpu_layers=_gpu_layers(model, budget.gpu_bytes, context, kv),
        all_layers=len(model.shape.layers) + 1,
        advice=(),
    )
    advice = _advise(model, budget, bare)
    if context < context_tokens:
        advice = (Advice(code="context_cut", values={"tokens": context}), *advice)
    return replace(bare, advice=advice)


def _total(model: SizedModel, context_tokens: int, kv: KvType) -> int:
    return (
        model.weights.total_bytes
        + model.projector_bytes
        + kv_bytes(model.shape, context_tokens, kv)
        + overhead_bytes(model.shape, context_tokens)
    )


def _largest_context(model: SizedModel, memory_bytes: int, kv: KvType) -> int:
    """The longest context that fits, in steps of 256 tokens; 0 where none does."""
    most = model.shape.context_tokens or _UNKNOWN_CONTEXT_TOKENS
    if _total(model, most, kv) <= memory_bytes:
        return most
    steps = _last(most // _CONTEXT_STEP, lambda steps: _total(model, steps * _CONTEXT_STEP, kv) <= memory_bytes)
    return steps * _CONTEXT_STEP


def _last(count: int, holds: Callable[[int], bool]) -> int:
    """The largest number from 1 to count for which a falling condition holds; 0 where it never does."""
    low, high = 0, count
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


def _gpu_layers(model: SizedModel, gpu_bytes: int, context_tokens: int, kv: KvType) -> int:
    """How many layers a graphics processor holds, each with what it remembers, beside the scratch space.

    Source: llama.cpp, llama-model.cpp, which takes the output first and then the layers from the last, 2026.
    """
    weights = model.weights
    left = gpu_bytes - compute_bytes(model.shape, context_tokens)
    # A model whose table of tokens is its last projection too gets a copy of it.
    sizes = [max(weights.output_bytes, 0 if _has_output(model) else weights.embedding_bytes)]
    sizes += [
        size + layer_kv_bytes(layer, context_tokens, kv)
        for size, layer in zip(reversed(weights.layer_bytes), reversed(model.shape.layers), strict=True)
    ]
    count = 0
    for size in sizes:
        left -= size
        if left < 0:
            break
        count += 1
    return count


def _has_output(model: SizedModel) -> bool:
    """Whether there is a projection besides its norm, which has a number a column."""
    return model.weights.output_bytes > 4 * model.shape.embedding_length


def _advise(model: SizedModel, budget: Budget, fit: Fit) -> tuple[Advice, ...]:
    advice = _when_it_fits(model, fit) if fit.fits else _when_it_does_not(model, fit)
    if budget.gpu_bytes and 0 < fit.gpu_layers < fit.all_layers:
        advice.append(Advice(code="some_layers", values={"layers": fit.gpu_layers, "of": fit.all_layers}))
    elif budget.gpu_bytes and fit.gpu_layers == fit.all_layers:
        advice.append(Advice(code="all_layers", values={"layers": fit.all_layers}))
    return tuple(advice)


def _when_it_fits(model: SizedModel, fit: Fit) -> list[Advice]:
    found = []
    spare_bytes = fit.memory_bytes - fit.total_bytes
    better = _quantisation(model, model.weights.total_bytes + spare_bytes)
    if better is not None and BITS_PER_WEIGHT[better] > _bits_per_weight(model) * _BITS_MARGIN:
        values: dict[str, int | str] = {"quantisation": better, "bytes": _quantised_bytes(model, better)}
        found.append(Advice(code="better_quantisation", values=values))
    if fit.max_context > fit.context_tokens:
        found.append(Advice(code="longer_context", values={"tokens": fit.max_context}))
    return found


def _when_it_does_not(model: SizedModel, fit: Fit) -> list[Advice]:
    found = []
    if fit.kv == "f16" and _total(model, fit.context_tokens, "q8_0") <= fit.memory_bytes:
        saved = fit.kv_bytes - kv_bytes(model.shape, fit.context_tokens, "q8_0")
        found.append(Advice(code="quantised_kv", values={"bytes": saved}))
    if fit.max_context >= _LEAST_CONTEXT_TOKENS:
        found.append(Advice(code="smaller_context", values={"tokens": fit.max_context}))
    room = fit.memory_bytes - fit.kv_bytes - fit.overhead_bytes - model.projector_bytes
    smaller = _quantisation(model, room)
    if smaller is not None and BITS_PER_WEIGHT[smaller] * _BITS_MARGIN < _bits_per_weight(model):
        values: dict[str, int | str] = {"quantisation": smaller, "bytes": _quantised_bytes(model, smaller)}
        found.append(Advice(code="smaller_quantisation", values=values))
    if not found:
        found.append(_when_nothing_helps(fit))
    return found


def _when_nothing_helps(fit: Fit) -> Advice:
    weights_bytes = max(fit.memory_bytes - fit.overhead_bytes, 0) * _WEIGHTS_SHARE
    billions = weights_bytes * 8 / BITS_PER_WEIGHT[_USUAL] / 1e9
    if billions < _LEAST_BILLIONS:
        return Advice(code="more_memory", values={"bytes": fit.total_bytes})
    return Advice(code="smaller_model", values={"billions": f"{billions:.1f}", "quantisation": _USUAL})


def _quantisation(model: SizedModel, room_bytes: int) -> str | None:
    """The finest quantisation worth advising that takes at most this room."""
    fitting = [name for name in _ADVISED if _quantised_bytes(model, name) <= room_bytes]
    return fitting[-1] if fitting else None


def _quantised_bytes(model: SizedModel, quantisation: str) -> int:
    return int(model.weights.parameters * BITS_PER_WEIGHT[quantisation] / 8)


def _bits_per_weight(model: SizedModel) -> float:
    return model.weights.total_bytes * 8 / max(model.weights.parameters, 1)
