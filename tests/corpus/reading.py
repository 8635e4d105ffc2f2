"""Reads a made document as Samovar does, in this process: the parser that knows it, then OCR where a page waits."""

from functools import cache

from tests.corpus.paper import Paper

from samovar import registry
from samovar.domain.page import DocumentHead, ParsedPage
from samovar.ports.parser import Parser, ParserLimits

__all__ = ["LIMITS", "body_of", "parser_of", "read"]

LIMITS = ParserLimits(pages=2000, pixels=25_000_000)


@cache
def _parsers() -> tuple[Parser, ...]:
    return tuple(registry.module("parsers", kind) for kind in registry.kinds("parsers"))


def parser_of(content: bytes, name: str) -> Parser:
    """The one parser that recognises the bytes."""
    found = [parser for parser in _parsers() if parser.recognises(content, name)]
    assert len(found) == 1, [parser.KIND for parser in found]
    return found[0]


def read(paper: Paper) -> tuple[DocumentHead, tuple[ParsedPage, ...]]:
    """The head and the pages of a paper; pages that wait for OCR are handed over as they are."""
    content = paper.make()
    parts = list(parser_of(content, paper.file_name).read(content, paper.file_name, LIMITS))
    head, *rest = parts
    assert isinstance(head, DocumentHead)
    return head, tuple(part for part in rest if isinstance(part, ParsedPage))


def body_of(page: ParsedPage) -> str:
    """The text of a page without what stands apart from it."""
    apart = [block for block in page.page.blocks if block.kind in ("header", "footer")]
    text = page.page.text
    for block in reversed(apart):
        text = text[: block.start] + text[block.end :]
    return text
