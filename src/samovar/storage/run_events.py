"""The events of a checkpoint as JSON: small, since a long answer has thousands of them."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from samovar.domain.event import RunEvent

__all__ = ["pack", "unpack"]

#: Deltas in a row are kept as their bare texts, under the number of the first.
_DELTAS: Final = "deltas"


def pack(events: Sequence[RunEvent]) -> list[list[object]]:
    """Write events as [number, kind, body], deltas in a row as [number of the first, "deltas", [text, ...]]."""
    packed: list[list[object]] = []
    texts: list[object] = []
    for event in events:
        if event.kind != "delta":
            packed.append([event.seq, event.kind, event.body])
            texts = []
        elif texts:
            texts.append(event.body["text"])
        else:
            texts = [event.body["text"]]
            packed.append([event.seq, _DELTAS, texts])
    return packed


def unpack(packed: Sequence[Sequence[Any]]) -> Iterator[RunEvent]:
    """Read events back, those of earlier versions too, which kept each delta like any other event."""
    for number, kind, body in packed:
        if kind == _DELTAS:
            for seq, text in enumerate(body, start=number):
                yield RunEvent(seq=seq, kind="delta", body={"text": text})
        else:
            yield RunEvent(seq=number, kind=kind, body=body)
