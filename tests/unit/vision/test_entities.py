"""What is believed of a model's list of things, and what is not."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.domain.image_tasks import MOST_ENTITIES
from samovar.domain.layout import Rectangle
from samovar.vision.entities import AnswerInvalidError, SeenEntities, read_entities


def record(**changes: Any) -> dict[str, Any]:
    return {"kind": "object", "label": "teapot", "left": 100, "top": 200, "right": 500, "bottom": 1000, **changes}


def read(*records: Any) -> SeenEntities:
    return read_entities(json.dumps({"entities": records}), width=400, height=200, found_by="eye")


def test_boxes_in_thousandths_become_pixels() -> None:
    [entity] = read(record()).entities
    assert entity.box == Rectangle(x=40.0, y=40.0, width=160.0, height=160.0)
    assert (entity.kind, entity.label, entity.found_by, entity.confidence) == ("object", "teapot", "eye", None)


def test_a_box_beyond_the_picture_is_clamped_to_it() -> None:
    [entity] = read(record(left=-50, top=-1, right=5000, bottom=1001)).entities
    assert entity.box == Rectangle(x=0.0, y=0.0, width=400.0, height=200.0)


@pytest.mark.parametrize("sides", [{"left": 500}, {"right": 0}, {"top": 1000}, {"left": 900, "right": 100}])
def test_a_box_without_an_area_is_left_out_and_the_record_kept(sides: dict[str, int]) -> None:
    [entity] = read(record(**sides)).entities
    assert entity.box is None


@pytest.mark.parametrize(
    "broken",
    [
        None,
        "teapot",
        {},
        record(kind="person"),
        record(kind=["object"]),
        record(label=7),
        record(left="100"),
        record(left=0.5),
        record(left=True),
        record(extra=1),
        {name: value for name, value in record().items() if name != "label"},
    ],
    ids=str,
)
def test_a_record_that_breaks_the_schema_is_refused_and_counted(broken: Any) -> None:
    seen = read(record(), broken)
    assert len(seen.entities) == 1
    assert seen.refused == 1


@pytest.mark.parametrize(
    "answer",
    ["", "a teapot", "[]", '{"entities": {}}', '{"entities": [], "more": 1}', '{"entities": [', "[" * 100_000, "null"],
    ids=lambda answer: answer[:20],
)
def test_an_answer_that_is_no_json_of_the_schema_is_refused_whole(answer: str) -> None:
    with pytest.raises(AnswerInvalidError):
        read_entities(answer, width=10, height=10, found_by="eye")


def test_json_in_a_fence_is_unwrapped() -> None:
    answer = "```json\n" + json.dumps({"entities": [record()]}) + "\n```"
    assert len(read_entities(answer, width=10, height=10, found_by="eye").entities) == 1


def test_a_model_that_repeats_itself_fills_no_table() -> None:
    seen = read(*(record(label=f"teapot {number}") for number in range(500)))
    assert len(seen.entities) == MOST_ENTITIES
    assert seen.refused == 500 - MOST_ENTITIES
    assert len(read(*[record()] * 20).entities) == 1


def test_a_label_is_one_short_line_without_control_characters() -> None:
    [entity] = read(record(label="tea\u202epot\n\x00 " + "x" * 500)).entities
    assert entity.label.startswith("tea pot x")
    assert len(entity.label) == 200
    assert entity.label.isprintable()


@given(st.text())
def test_no_text_does_more_than_be_refused(answer: str) -> None:
    with contextlib.suppress(AnswerInvalidError):
        read_entities(answer, width=10, height=10, found_by="eye")
