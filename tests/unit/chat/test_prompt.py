"""The words around the passages: labels, order, versions, and what the model is told to do."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.chat.passages import join_neighbours, put_in_reading_order
from samovar.chat.prompt import Grounds, Setting, set_passages
from samovar.chat.versions import find_versions
from samovar.domain.document import Chunk, Passage
from samovar.domain.ids import ChunkId, DocumentId


def passage(
    text: str = "Text.",
    *,
    document: int = 1,
    name: str = "manual.pdf",
    page: int | None = 1,
    start: int = 0,
    headings: tuple[str, ...] = (),
    figure: int | None = None,
    score: float = 1.0,
    path: str | None = None,
    title: str | None = None,
    taken_in: datetime | None = None,
) -> Passage:
    chunk = Chunk(
        chunk_id=ChunkId(UUID(int=hash((document, page, start, figure)) % 2**64)),
        document_id=DocumentId(UUID(int=document)),
        page=page,
        start=start,
        end=start + len(text),
        text=text,
        figure=figure,
        headings=headings,
    )
    return Passage(chunk=chunk, document=name, score=score, path=path, title=title, taken_in_at=taken_in)


def set_all(*passages: Passage, grounds: Grounds = "enough", russian: bool = False, **kinds: bool) -> Setting:
    return set_passages(
        "Какой порт?" if russian else "Which port?",
        passages,
        grounds=grounds,
        described_by={},
        secret=b"any",
        russian=russian,
        demonstration=kinds.get("demonstration", False),
    )


def first_lines(setting: Setting) -> list[str]:
    return [one.text.splitlines()[0] for one in setting.passages]


def test_a_label_has_the_number_the_document_the_page_and_the_headings() -> None:
    path = ("Manual", "Installation", "Network", "Ports")
    setting = set_all(passage(headings=path, page=3), passage(page=None, document=2, name="notes.txt"))
    assert first_lines(setting) == ["[1] manual.pdf, page 3, Installation > Network > Ports", "[2] notes.txt"]
    assert first_lines(set_all(passage(page=3), russian=True)) == ["[1] manual.pdf, страница 3"]


def test_what_a_model_wrote_about_a_picture_is_marked_so() -> None:
    assert first_lines(set_all(passage(figure=2))) == [
        "[1] manual.pdf, page 1, picture 2 as described by the model unknown"
    ]


def test_the_rows_of_a_table_stay_rows() -> None:
    table = "Name\tPrice\nTea\t120\nSugar\t80"
    assert table in set_all(passage(table)).passages[0].text


@pytest.mark.parametrize(
    ("grounds", "russian", "words"),
    [
        ("enough", False, "If they do not hold the answer, say so."),
        ("enough", True, "Если ответа в них нет, так и скажи."),
        ("weak", False, "say that the documents do not hold it, and name the nearest"),
        ("weak", True, "так и скажи, что в документах его нет, и назови ближайшее"),
    ],
)
def test_weak_evidence_changes_what_the_model_is_told(grounds: Grounds, russian: bool, words: str) -> None:
    assert words in set_all(passage(), grounds=grounds, russian=russian).question


@pytest.mark.parametrize(
    ("grounds", "russian", "words"),
    [
        ("nothing", False, "Nothing in the documents matches this question."),
        ("nothing", True, "В документах не нашлось ничего по этому вопросу."),
    ],
)
def test_where_nothing_was_found_the_model_is_told_so(grounds: Grounds, russian: bool, words: str) -> None:
    setting = set_all(grounds=grounds, russian=russian)
    assert words in setting.question
    assert (setting.before, setting.passages) == ("", ())


@pytest.mark.parametrize("grounds", ["none_asked", "enough", "weak"])
def test_a_question_without_passages_goes_as_it_is(grounds: Grounds) -> None:
    # Enough was found, but there was no room for any of it.
    assert set_all(grounds=grounds).question == "Which port?"


def test_the_demonstration_model_gets_one_sentence_and_harmless_passages() -> None:
    setting = set_all(passage("Port <|im_end|> 1."), demonstration=True)
    assert setting.before == ""
    assert setting.question == "Using only the passages above, answer: Which port?"
    assert "<|" not in setting.passages[0].text
    assert set_all(grounds="nothing", demonstration=True).question == "Which port?"


def test_passages_stand_as_in_their_documents_and_the_best_document_first() -> None:
    ranked = [
        passage(document=2, page=9, score=0.9),
        passage(document=1, page=2, start=50, score=0.8),
        passage(document=2, page=1, score=0.7),
        passage(document=1, page=2, figure=1, score=0.6),
        passage(document=1, page=2, start=0, score=0.5),
    ]
    found = [(int(one.chunk.document_id), one.chunk.page, one.chunk.start) for one in put_in_reading_order(ranked)]
    assert found == [(2, 1, 0), (2, 9, 0), (1, 2, 0), (1, 2, 50), (1, 2, 0)]


TEXT = "The samovar boils water. It stands on the table. Port 7431 is open.\n\nThe end of all tea."


@given(cuts=st.lists(st.tuples(st.integers(0, len(TEXT) - 1), st.integers(1, 40)), min_size=1, max_size=8))
def test_joined_neighbours_are_stretches_of_the_page_and_lose_nothing(cuts: list[tuple[int, int]]) -> None:
    chunks = [passage(TEXT[start : start + length], start=start) for start, length in cuts]
    joined = join_neighbours(put_in_reading_order(chunks))
    covered = {place for one in chunks for place in range(one.chunk.start, one.chunk.end)}
    kept = {place for one in joined for place in range(one.chunk.start, one.chunk.end)}
    assert covered <= kept
    for one in joined:
        stretch = TEXT[one.chunk.start : one.chunk.end]
        assert len(one.chunk.text) == len(stretch)
        # Between two chunks that do not touch the page has line ends; here it may have anything.
        same = [place for place in range(len(stretch)) if one.chunk.start + place in covered]
        assert all(one.chunk.text[place] == stretch[place] for place in same)


def test_a_joined_passage_has_the_headings_and_the_score_that_hold_for_all_of_it() -> None:
    first = passage("One.", headings=("A", "B"), score=0.4)
    second = passage("Two.", start=6, headings=("A", "C"), score=0.9)
    [one] = join_neighbours([first, second])
    assert (one.chunk.text, one.chunk.headings, one.score) == ("One.\n\nTwo.", ("A",), 0.9)


@pytest.mark.parametrize(
    "other",
    [
        passage("Two.", start=7),
        passage("Two.", start=4, page=2),
        passage("Two.", start=4, document=2),
        passage("Two.", start=4, figure=1),
    ],
    ids=["gap", "page", "document", "figure"],
)
def test_what_does_not_touch_is_not_joined(other: Passage) -> None:
    first = passage("One.")
    assert join_neighbours([first, other]) == (first, other)


MARCH, MAY = datetime(2024, 3, 12, tzinfo=UTC), datetime(2024, 5, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("names", "russian", "labels"),
    [
        (
            ("Price list 2024-03-12.pdf", "Price list 2024-05-03.pdf"),
            False,
            ("version of 12 March 2024, a newer one is passage 2", "version of 3 May 2024, newer than passage 1"),
        ),
        (
            ("Прайс от 12.03.2024.pdf", "Прайс от 03.05.2024.pdf"),
            True,
            ("версия от 12 марта 2024, есть более новая: выдержка 2", "версия от 3 мая 2024, новее, чем выдержка 1"),
        ),
        (
            ("contract_v1.docx", "contract_v2.docx"),
            False,
            ("version, a newer one is passage 2", "version, newer than passage 1"),
        ),
        (
            ("Report 2023.pdf", "Report 2024.pdf"),
            False,
            ("version of 2023, a newer one is passage 2", "version of 2024, newer than passage 1"),
        ),
        (
            ("Устав редакция 2.docx", "Устав редакция 10.docx"),
            True,
            ("версия, есть более новая: выдержка 2", "версия, новее, чем выдержка 1"),
        ),
        (
            ("plan.docx", "plan (1).docx"),
            False,
            ("version, another version is passage 2", "version, another version is passage 1"),
        ),
    ],
)
def test_versions_of_one_paper_are_told_apart(names: tuple[str, str], russian: bool, labels: tuple[str, str]) -> None:
    setting = set_all(passage(name=names[0]), passage(name=names[1], document=2), russian=russian)
    for line, name, label in zip(first_lines(setting), names, labels, strict=True):
        assert line.endswith(f"{name}, {'страница' if russian else 'page'} 1, {label}")
    assert ("версии расходятся" if russian else "versions differ") in setting.question


def test_files_of_one_path_in_two_bases_are_told_apart_by_when_they_were_taken_in() -> None:
    old = passage(path="a/rules.pdf", name="rules.pdf", taken_in=MARCH)
    new = passage(path="a/rules.pdf", name="rules.pdf", document=2, taken_in=MAY)
    found = find_versions([old, new])
    assert found[old.chunk.document_id].newer == new.chunk.document_id
    assert found[new.chunk.document_id].is_newest
    assert found[old.chunk.document_id].dated == (2024, 3, 12)


def test_a_date_in_the_name_counts_more_than_when_the_file_was_taken_in() -> None:
    old = passage(name="Отчёт 12 марта 2024.pdf", taken_in=MAY)
    new = passage(name="Отчет 3 мая 2024.pdf", document=2, taken_in=MARCH)
    assert find_versions([old, new])[old.chunk.document_id].newer == new.chunk.document_id


def test_a_long_title_in_common_makes_versions_and_a_short_one_does_not() -> None:
    title = "Rules of the tea house"
    assert len(find_versions([passage(title=title, name="a.pdf"), passage(title=title, name="b.pdf", document=2)])) == 2
    assert not find_versions(
        [passage(title="Contract", name="a.pdf"), passage(title="Contract", name="b.pdf", document=2)]
    )


@pytest.mark.parametrize(
    "names",
    [
        ("1.txt", "2.txt"),
        ("volume 1.pdf", "volume 2.pdf"),
        ("IMG_20240312.jpg", "IMG_20240503.jpg"),
        ("contract Ivanov.pdf", "contract Petrov.pdf"),
        ("отчёт.pdf", "заявление.pdf"),
    ],
)
def test_papers_that_only_look_alike_are_no_versions(names: tuple[str, str]) -> None:
    assert not find_versions([passage(name=names[0]), passage(name=names[1], document=2)])


def test_a_day_that_no_month_has_is_no_date() -> None:
    names = ("plan 31.02.2024 v1.pdf", "plan 31.02.2024 v2.pdf")
    found = find_versions([passage(name=name, document=number) for number, name in enumerate(names)])
    assert [version.dated for version in found.values()] == [(2024,), (2024,)]


def test_three_versions_are_told_apart_whichever_was_found_first() -> None:
    names = ("plan v2.pdf", "plan v10.pdf", "plan v1.pdf")
    labels = first_lines(set_all(*(passage(name=name, document=number) for number, name in enumerate(names))))
    assert [label.split(", ")[-2:] for label in labels] == [
        ["version", "a newer one is passage 2"],
        ["newer than passage 1", "3"],
        ["version", "a newer one is passage 2"],
    ]


def test_two_passages_of_one_document_are_no_versions() -> None:
    assert not find_versions([passage(name="price v1.pdf"), passage(name="price v1.pdf", page=2)])


@given(name=st.text(max_size=60), other=st.text(max_size=60))
def test_no_name_is_too_odd_to_compare(name: str, other: str) -> None:
    find_versions([passage(name=name, title=other), passage(name=other, title=name, document=2)])
