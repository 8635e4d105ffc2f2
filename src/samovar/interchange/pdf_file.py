"""A chat as a PDF, set by Typst from a fixed template; what people wrote reaches it as data alone."""

import json
import re
from importlib.resources import files
from typing import Final

import typst

from samovar.interchange.blocks import Block, Run, blocks_of, verbatim
from samovar.interchange.transcript import Transcript, Turn

__all__ = ["write_pdf"]

_TEMPLATE: Final = "transcript.typ"
#: Characters that show nothing and break lines or turn them round; line feed and tab stay.
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def write_pdf(transcript: Transcript) -> bytes:
    """Set the shown branch on A4; its fonts are embedded, Cyrillic ones too.

    The template is compiled without a folder to read from, and names no package: there is nothing to fetch.
    Source: Typst 0.15, "sys.inputs" (2026).
    """
    template = files(__package__).joinpath(_TEMPLATE).read_bytes()
    data = json.dumps(_data(transcript), ensure_ascii=False)
    pdf: bytes = typst.compile(template, format="pdf", sys_inputs={"data": data})
    return pdf


def _data(transcript: Transcript) -> dict[str, object]:
    return {
        "title": _clean(transcript.title),
        "language": transcript.language,
        "words": dict(transcript.words),
        "begun": f"{transcript.begun_at:%Y-%m-%d}",
        "prompt": _blocks(verbatim(transcript.system_prompt)),
        "turns": [_turn(turn) for turn in transcript.turns],
    }


def _turn(turn: Turn) -> dict[str, object]:
    return {
        "speaker": _clean(turn.speaker),
        "said": f"{turn.said_at:%Y-%m-%d %H:%M}",
        "reasoning": _blocks(verbatim(turn.reasoning)),
        "blocks": _blocks(verbatim(turn.text) if turn.is_verbatim else blocks_of(turn.text)),
        "files": [_clean(entry) for entry in turn.files],
        "sources": [_clean(entry) for entry in turn.sources],
    }


def _blocks(blocks: list[Block]) -> list[dict[str, object]]:
    return [_block(block) for block in blocks]


def _block(block: Block) -> dict[str, object]:
    if block.kind == "code":
        return {"kind": "code", "text": "".join(_clean(run.text) for run in block.runs)}
    if block.kind == "table":
        rows = [[_runs(cell.runs) for cell in row.blocks] for row in block.blocks]
        columns = max(map(len, rows), default=0)
        filled = [row + [[] for _ in range(columns - len(row))] for row in rows]
        return {"kind": "table", "columns": columns, "rows": filled} if columns else {"kind": "rule"}
    return {
        "kind": block.kind,
        "level": block.level,
        "runs": _runs(block.runs),
        "blocks": _blocks(block.blocks),
    }


def _runs(runs: list[Run]) -> list[dict[str, object]]:
    return [
        {
            "text": _clean(run.text),
            "bold": run.bold,
            "italic": run.italic,
            "struck": run.struck,
            "code": run.code,
            "link": run.link,
        }
        for run in runs
    ]


def _clean(text: str) -> str:
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
