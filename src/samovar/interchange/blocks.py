"""Markdown as blocks and runs of words, for paper: nothing in it is fetched, run or taken for markup again."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

__all__ = ["Block", "BlockKind", "Run", "blocks_of", "verbatim"]

BlockKind = Literal[
    "paragraph", "heading", "code", "quote", "bullets", "numbers", "item", "table", "row", "cell", "rule"
]

#: Longer texts are shown as they were typed: no reader of Markdown promises to be quick with whatever it is given.
_LONGEST_MARKDOWN: Final = 200_000
#: Blocks within blocks; what is deeper is shown at this depth.
_DEEPEST: Final = 20
#: Addresses that a reader may follow by a click.
_SCHEMES: Final = frozenset({"http", "https", "mailto"})
_LONGEST_LINK: Final = 2000
_MARKS: Final = {"strong": "bold", "em": "italic", "s": "struck"}
_CONTAINERS: Final[dict[str, BlockKind]] = {
    "paragraph": "paragraph",
    "heading": "heading",
    "blockquote": "quote",
    "bullet_list": "bullets",
    "ordered_list": "numbers",
    "list_item": "item",
    "table": "table",
    "tr": "row",
    "th": "cell",
    "td": "cell",
}


@dataclass(slots=True, kw_only=True)
class Run:
    """Words of one look; ``link`` is an address of the web or of a mailbox, or empty."""

    text: str
    bold: bool = False
    italic: bool = False
    struck: bool = False
    code: bool = False
    link: str = ""


@dataclass(slots=True, kw_only=True)
class Block:
    """A block with its words (paragraphs, headings, cells, code) or the blocks in it (quotes, lists, tables).

    ``level`` is that of a heading, 1 to 6, or the first number of a list.
    """

    kind: BlockKind
    runs: list[Run] = field(default_factory=list)
    blocks: list["Block"] = field(default_factory=list)
    level: int = 1
    is_header: bool = False


def verbatim(text: str) -> list[Block]:
    """A text as it was typed: a paragraph for each part between empty lines, lines kept."""
    parts = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n\n")
    return [Block(kind="paragraph", runs=[Run(text=part.strip("\n"))]) for part in parts if part.strip()]


def blocks_of(text: str) -> list[Block]:
    """Read Markdown (CommonMark, tables, strikethrough). HTML is shown as the text that it is, pictures by name."""
    if len(text) > _LONGEST_MARKDOWN:
        return verbatim(text)
    reader = MarkdownIt("commonmark", {"html": False, "maxNesting": 100}).enable(["table", "strikethrough"])
    root = Block(kind="quote")
    open_blocks = [root]
    are_shown: list[bool] = []
    for token in reader.parse(text):
        kind = _CONTAINERS.get(token.type.removesuffix("_open").removesuffix("_close"))
        if token.nesting == 1:
            # The body of a table is no block of its own, and what lies too deep goes into the block around it.
            are_shown.append(kind is not None and len(open_blocks) <= _DEEPEST)
            if kind is not None and are_shown[-1]:
                block = _container(kind, token)
                open_blocks[-1].blocks.append(block)
                open_blocks.append(block)
        elif token.nesting == -1:
            if are_shown.pop():
                open_blocks.pop()
        else:
            _leaf(token, open_blocks[-1])
    return root.blocks


def _container(kind: BlockKind, token: Token) -> Block:
    if kind == "heading":
        return Block(kind=kind, level=int(token.tag[1:]))
    if kind == "numbers":
        start = token.attrGet("start")
        return Block(kind=kind, level=int(start) if start is not None else 1)
    return Block(kind=kind, is_header=token.type == "th_open")


def _leaf(token: Token, into: Block) -> None:
    if token.type == "inline":
        runs = list(_runs(token.children or []))
        if into.kind in ("paragraph", "heading", "cell"):
            into.runs.extend(runs)
        else:
            into.blocks.append(Block(kind="paragraph", runs=runs))
    elif token.type in ("fence", "code_block", "html_block"):
        into.blocks.append(Block(kind="code", runs=[Run(text=token.content.rstrip("\n"), code=True)]))
    elif token.type == "hr":
        into.blocks.append(Block(kind="rule"))


def _runs(tokens: list[Token]) -> Iterator[Run]:
    looks = {"bold": 0, "italic": 0, "struck": 0}
    links: list[str] = []
    for token in tokens:
        name = token.type.removesuffix("_open").removesuffix("_close")
        if name in _MARKS:
            looks[_MARKS[name]] += token.nesting
        elif name == "link":
            if token.nesting == 1:
                links.append(_address(token.attrGet("href")))
            elif links:
                links.pop()
        elif text := _text(token):
            yield Run(
                text=text,
                bold=looks["bold"] > 0,
                italic=looks["italic"] > 0,
                struck=looks["struck"] > 0,
                code=token.type == "code_inline",
                link=links[-1] if links else "",
            )


def _text(token: Token) -> str:
    if token.type == "hardbreak":
        return "\n"
    if token.type == "softbreak":
        return " "
    if token.type == "image":
        return f"[{token.content}]" if token.content else "[…]"
    return token.content


def _address(href: object) -> str:
    """An address that may stand behind a link; anything that would open a program or a file is none."""
    address = str(href or "")
    try:
        scheme = urlsplit(address).scheme
    except ValueError:
        return ""
    is_plain = address.isprintable() and " " not in address and len(address) <= _LONGEST_LINK
    return address if scheme in _SCHEMES and is_plain else ""
