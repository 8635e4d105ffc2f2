"""What has come of a file: order, numbers, bounds, and pages that children died of."""

from collections.abc import Iterable

import pytest

from samovar.domain.errors import DocumentError, FileDamaged, FileEncrypted, FileTooComplex
from samovar.domain.layout import Block
from samovar.domain.page import Attachment, DocumentHead, Figure, Page, ParsedPage, ParsedPart, Picture
from samovar.sandbox.child import ChildLostError
from samovar.sandbox.losses import REASON_STOPPED, Losses, page_reason
from samovar.sandbox.progress import FileProgress, Shares
from samovar.sandbox.reply import ReplyError

_SHARES = Shares(figures=3, attachments=2, size_bytes=100)
_DAMAGE = FileDamaged(name="x")


def _head(page_count: int = 3) -> DocumentHead:
    return DocumentHead(kind="pdf", media_type="application/pdf", page_count=page_count)


def _page(number: int | None, figures: int = 0, each_bytes: int = 1) -> ParsedPage:
    return ParsedPage(
        page=Page(
            number=number,
            text="",
            status="text",
            blocks=tuple(Block(kind="figure", start=0, end=0, figure=place + 1) for place in range(figures)),
        ),
        figures=tuple(
            Figure(
                number=place + 1, picture=Picture(media_type="image/png", content=b"x" * each_bytes, width=1, height=1)
            )
            for place in range(figures)
        ),
    )


def _progress(first_page: int = 1, *, parts: Iterable[ParsedPart] = ()) -> FileProgress:
    progress = FileProgress(name="x", first_page=first_page, shares=_SHARES)
    progress.begin()
    for part in parts:
        assert list(progress.take(part)) == [part]
    return progress


def _story(parts: Iterable[ParsedPart]) -> list[tuple[int | None, str, str | None] | str]:
    return [
        (part.page.number, part.page.status, part.page.reason) if isinstance(part, ParsedPage) else type(part).__name__
        for part in parts
    ]


@pytest.mark.parametrize(
    ("before", "part"),
    [
        ([], _page(1)),
        ([], Attachment(name="a", content=b"a")),
        ([_head()], _head()),
        ([_head()], _page(2)),
        ([_head()], _page(None)),
        ([_head(), _page(1)], _page(1)),
        ([_head(), _page(1)], _page(3)),
        ([_head(1), _page(1)], _page(2)),
        ([_head(1), _page(1)], _page(None)),
        ([_head(1), _page(None)], _page(None)),
        ([_head(0)], _page(1)),
    ],
    ids=str,
)
def test_a_part_out_of_order_is_refused(before: list[ParsedPart], part: ParsedPart) -> None:
    progress = _progress(parts=before)
    with pytest.raises(ReplyError):
        list(progress.take(part))


def test_pages_begin_where_they_were_asked_for() -> None:
    progress = _progress(2, parts=[_head(), _page(2), _page(3)])
    assert not progress.has_pages_left
    with pytest.raises(ReplyError):
        list(_progress(2, parts=[_head()]).take(_page(1)))


def test_a_second_child_goes_on_where_the_first_was_lost() -> None:
    progress = _progress(parts=[_head(), _page(1)])
    assert _story(progress.lose("memory")) == [(2, "failed", "memory")]
    progress.begin()
    assert progress.next_page == 3
    assert _story(progress.take(_head())) == []
    assert _story(progress.take(_page(3))) == [(3, "text", None)]
    assert list(progress.finish(_DAMAGE)) == []


def test_a_second_child_that_tells_of_another_number_of_pages_is_refused() -> None:
    progress = _progress(parts=[_head(), _page(1)])
    progress.begin()
    with pytest.raises(ReplyError):
        list(progress.take(_head(4)))


def test_lost_pages_wait_for_one_that_can_be_read() -> None:
    progress = _progress(parts=[_head()])
    assert list(progress.lose("damaged")) == []
    assert list(progress.lose("time")) == []
    progress.begin()
    list(progress.take(_head()))
    assert _story(progress.take(_page(3))) == [(1, "failed", "damaged"), (2, "failed", "time"), (3, "text", None)]


def test_a_file_of_lost_pages_is_an_error_unless_earlier_ones_were_read_before() -> None:
    progress = _progress(parts=[_head(2)])
    assert list(progress.lose_rest("damaged")) == []
    with pytest.raises(FileDamaged) as caught:
        list(progress.finish(_DAMAGE))
    assert caught.value is _DAMAGE
    resumed = _progress(2, parts=[_head(2)])
    assert _story(resumed.lose("damaged")) == [(2, "failed", "damaged")]
    assert list(resumed.finish(_DAMAGE)) == []


def test_pages_that_no_child_has_brought_are_accounted_for() -> None:
    assert _story(_progress(parts=[_head(), _page(1)]).finish(None)) == [
        (2, "failed", "damaged"),
        (3, "failed", "damaged"),
    ]
    with pytest.raises(FileDamaged):
        list(_progress(parts=[_head()]).finish(None))
    with pytest.raises(ReplyError):
        list(_progress().finish(None))
    assert list(_progress(parts=[_head(1), Attachment(name="a", content=b"a")]).finish(None)) == []


def test_pictures_are_bounded_over_the_whole_file_and_the_page_says_so() -> None:
    progress = _progress(parts=[_head(), _page(1, figures=2)])
    (part,) = progress.take(_page(2, figures=2))
    assert isinstance(part, ParsedPage)
    assert [figure.number for figure in part.figures] == [1]
    assert [block.figure for block in part.page.blocks] == [1, None]
    assert part.page.reason == "partly_read"
    assert _story(progress.take(_page(3))) == [(3, "text", None)]


def test_bytes_of_pictures_and_attachments_are_bounded_together() -> None:
    progress = _progress(parts=[_head(), Attachment(name="a", content=b"x" * 60), _page(1, figures=1, each_bytes=30)])
    assert _story(progress.take(_page(2, figures=1, each_bytes=11))) == [(2, "text", "partly_read")]
    with pytest.raises(FileTooComplex) as caught:
        list(progress.take(Attachment(name="b", content=b"x" * 11)))
    assert caught.value.values["reason"] == "unpacked"


def test_attachments_are_bounded_in_number_and_not_repeated_by_a_second_child() -> None:
    one, other, third = (Attachment(name=name, content=b"same") for name in "abc")
    progress = _progress(parts=[_head(), one, _page(1)])
    list(progress.lose("damaged"))
    progress.begin()
    list(progress.take(_head()))
    assert list(progress.take(one)) == []
    assert list(progress.take(other)) == [other]
    with pytest.raises(FileTooComplex):
        list(progress.take(third))


def _note(
    losses: Losses, progress: FileProgress, error: DocumentError = _DAMAGE, waited_s: float = 0.0
) -> list[object]:
    story = _story(losses.note(ChildLostError(error, waited_s), progress))
    if not losses.are_final:
        progress.begin()
        list(progress.take(_head()))
    return list(story)


def test_time_that_is_lost_is_lost_for_the_whole_file() -> None:
    losses, progress = Losses(parser_s=25), _progress(parts=[_head(), _page(1)])
    assert losses.patience_s == 20
    slow = FileTooComplex(name="x", reason="time")
    assert _note(losses, progress, slow, 20) == [(2, "failed", "time")]
    assert losses.patience_s == 2.5
    assert not losses.are_final
    assert _note(losses, progress, slow, 2) == [(3, "failed", "time")]
    assert losses.are_final


def test_opening_a_file_again_and_again_is_lost_time_too() -> None:
    losses, progress = Losses(parser_s=25), _progress(parts=[_head(), _page(1)])
    losses.spend_opening(5)
    assert losses.patience_s == 20
    _note(losses, progress)
    losses.spend_opening(15)
    assert losses.patience_s == 5
    losses.spend_opening(5)
    assert _note(losses, progress) == [(3, "failed", "damaged")]
    assert losses.are_final


def test_the_last_loss_takes_the_rest_along() -> None:
    losses, progress = Losses(parser_s=25), _progress(parts=[_head(5), _page(1)])
    progress_story = _story(losses.note(ChildLostError(FileTooComplex(name="x", reason="memory"), 20), progress))
    progress.begin()
    progress_story += _story(losses.note(ChildLostError(_DAMAGE), progress))
    assert progress_story == [
        (2, "failed", "memory"), (3, "failed", "damaged"), (4, "failed", "time"), (5, "failed", "time"),
    ]  # fmt: skip
    assert losses.are_final


@pytest.mark.parametrize("error", [FileEncrypted(name="x"), FileTooComplex(name="x", reason="unpacked")], ids=str)
def test_a_verdict_on_the_file_is_no_page_lost(error: DocumentError) -> None:
    assert page_reason(error) is None
    with pytest.raises(type(error)):
        list(Losses(parser_s=25).note(ChildLostError(error), _progress(parts=[_head()])))


def test_a_file_that_cannot_be_opened_is_an_error() -> None:
    with pytest.raises(FileDamaged):
        list(Losses(parser_s=25).note(ChildLostError(_DAMAGE), _progress()))


def test_a_zygote_that_was_stopped_costs_no_page_once() -> None:
    losses, progress = Losses(parser_s=25), _progress(parts=[_head(), _page(1)])
    stopped = ChildLostError(FileTooComplex(name="x", reason=REASON_STOPPED))
    assert list(losses.note(stopped, progress)) == []
    assert progress.next_page == 2
    with pytest.raises(FileTooComplex):
        list(losses.note(stopped, progress))


def test_dying_behind_the_last_page_loses_files_inside_the_file() -> None:
    losses, progress = Losses(parser_s=25), _progress(parts=[_head(1), _page(1)])
    with pytest.raises(FileDamaged):
        list(losses.note(ChildLostError(_DAMAGE), progress))


def test_who_looks_for_files_behind_a_lost_last_page_may_find_none() -> None:
    losses, progress = Losses(parser_s=25), _progress(parts=[_head(2), _page(1)])
    assert _story(losses.note(ChildLostError(_DAMAGE), progress)) == [(2, "failed", "damaged")]
    assert not losses.are_final
    assert _story(losses.note(ChildLostError(_DAMAGE), progress)) == []
    assert losses.are_final
