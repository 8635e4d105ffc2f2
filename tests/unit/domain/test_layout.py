"""Under which headings blocks stand."""

from samovar.domain.layout import Block, heading_paths


def test_headings_stand_under_those_above_them_and_lose_the_marks_of_markdown() -> None:
    text = "# Глава\n\n## C# и *F#* ##\n\nслова\n\nИтог\n====\n\nконец"
    levels = (1, 2, None, 1, None)
    blocks = []
    start = 0
    for piece, level in zip(text.split("\n\n"), levels, strict=True):
        blocks.append(Block(kind="heading" if level else "paragraph", start=start, end=start + len(piece), level=level))
        start += len(piece) + 2
    paths, last = heading_paths(text, tuple(blocks))
    assert paths == ((), ("Глава",), ("Глава", "C# и *F#*"), (), ("Итог",))
    assert last == ("Итог",)
