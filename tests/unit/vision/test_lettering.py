"""Words of OCR as lines with boxes."""

from samovar.domain.layout import Rectangle, Word
from samovar.domain.page import Page
from samovar.vision.lettering import lines_of


def word(text: str, whole: str, x: float, y: float, confidence: float | None = 0.9) -> Word:
    start = whole.index(text)
    box = Rectangle(x=x, y=y, width=40.0, height=10.0)
    return Word(start=start, end=start + len(text), box=box, confidence=confidence)


def page(text: str, *words: Word) -> Page:
    return Page(number=None, text=text, status="ocr", width=200.0, height=100.0, words=words)


def test_words_of_one_line_are_one_entity_with_their_common_box() -> None:
    text = "Чай горячий\nКофе"
    words = [word("Чай", text, 10, 10), word("горячий", text, 60, 12, 0.7), word("Кофе", text, 10, 40)]
    first, second = lines_of(page(text, *words), width=400, height=200)
    assert (first.label, second.label) == ("Чай горячий", "Кофе")
    assert first.box == Rectangle(x=20.0, y=20.0, width=180.0, height=24.0)
    assert first.confidence is not None
    assert abs(first.confidence - 0.8) < 1e-9
    assert {first.kind, first.found_by} == {"text", "ocr"}


def test_confidence_that_nobody_told_stays_unknown() -> None:
    [line] = lines_of(page("Чай", word("Чай", "Чай", 0, 0, None)), width=200, height=100)
    assert line.confidence is None


def test_a_page_without_words_or_size_has_no_lines() -> None:
    assert lines_of(page(""), width=10, height=10) == ()
    assert lines_of(Page(number=1, text="Чай", status="ocr"), width=10, height=10) == ()
