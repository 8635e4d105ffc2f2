"""The tasks for pictures: words in two languages, and schemas that every backend takes."""

import pytest

from samovar.domain.image_tasks import IMAGE_TASKS, instruction, is_russian, schema_of
from samovar.domain.parameters import read_parameters


@pytest.mark.parametrize("task", IMAGE_TASKS)
def test_every_task_has_words_in_both_languages(task: str) -> None:
    assert is_russian(instruction(task, russian=True))  # type: ignore[arg-type]  # the table of tasks itself
    assert not is_russian(instruction(task, russian=False))  # type: ignore[arg-type]  # the table of tasks itself


def test_only_the_tasks_for_records_have_a_schema() -> None:
    assert [task for task in IMAGE_TASKS if schema_of(task)] == ["entities", "chart"]


@pytest.mark.parametrize("task", ["entities", "chart"])
def test_a_schema_is_one_that_people_could_send_and_leaves_no_field_open(task: str) -> None:
    schema = schema_of(task)  # type: ignore[arg-type]  # one of the tasks
    assert read_parameters({"json_schema": schema}).json_schema == schema
    waiting: list[object] = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if part.get("type") == "object":
                assert part["additionalProperties"] is False
                assert set(part["required"]) == set(part["properties"])
            if part.get("type") == "array":
                assert part["maxItems"] > 0
            waiting.extend(part.values())
