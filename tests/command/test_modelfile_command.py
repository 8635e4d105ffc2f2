"""``samovar modelfile``, from a file and from a set that was taken in."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.database import temporary_folder
from tests.support.modelfile import read_modelfile
from tests.support.process import run_command

from samovar.api.deps import Services
from samovar.app import open_services
from samovar.domain.examples import Example, ExampleSet
from samovar.domain.ids import new_examples_id
from samovar.settings import Settings
from samovar.telemetry.metrics import Metrics


def test_a_file_of_examples_is_printed_as_a_modelfile_and_its_faults_told(tmp_path: Path) -> None:
    path = tmp_path / "harbour.txt"
    path.write_text("lost\n[Instruction] Be brief.\n[Q] Сколько?\n[A] Сто.\n", encoding="utf-8")
    done = run_command("modelfile", str(path), "--model", "llama3.2", "--data-dir", str(tmp_path / "data"))
    assert done.returncode == 0, done.stderr
    found = read_modelfile(done.stdout)
    assert (found.model, found.system) == ("llama3.2", "Be brief.")
    assert found.messages == [("user", "Сколько?"), ("assistant", "Сто.")]
    assert done.stderr == "harbour.txt: outside: 1 (1)\n"
    assert not (tmp_path / "data").exists(), "nothing is stored"


@pytest.mark.parametrize(
    ("content", "model", "expected"),
    [(b"", "m", "is empty"), (b"no marks", "m", "No examples were found"), (b"[Q] q\n[A] a", '"', "without quotes")],
)
def test_what_cannot_be_written_is_refused_in_one_line(
    tmp_path: Path, content: bytes, model: str, expected: str
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    done = run_command("modelfile", str(path), "--model", model, environment={"SAMOVAR_LANGUAGE": "en"})
    assert (done.returncode, done.stdout) == (1, "")
    assert expected in done.stderr
    assert done.stderr.count("\n") == 1


async def test_a_set_that_was_taken_in_is_found_by_its_name_and_its_id() -> None:
    with temporary_folder() as folder:
        # The server of the database stays up meanwhile, as beside `samovar serve`.
        async with open_services(Settings(data_dir=folder / "data"), Metrics(), engine_use="none") as services:
            stored = await store(services)
            for wanted, expected in (
                ("harbour", None),
                (str(stored.examples_id), None),
                ("twice", "2 example sets"),
            ):
                done = await asyncio.to_thread(
                    run_command,
                    *("modelfile", wanted, "--model", "m", "--data-dir", str(folder / "data")),
                    environment={"SAMOVAR_LANGUAGE": "en"},
                )
                if expected is None:
                    assert done.returncode == 0, done.stderr
                    assert read_modelfile(done.stdout).messages == [("user", "q"), ("assistant", "a")]
                else:
                    assert done.returncode == 1
                    assert expected in done.stderr


async def store(services: Services) -> ExampleSet:
    """Take sets in, as the page does; return the first."""
    actor = await services.sign_in.owner()
    sets = [
        ExampleSet(
            examples_id=new_examples_id(),
            owner_id=actor.user_id,
            name=name,
            instruction="",
            examples=(Example(question="q", answer="a"),),
            created_at=datetime.now(UTC),
        )
        for name in ("harbour", "twice", "twice")
    ]
    async with services.storage.transaction() as tx:
        for one in sets:
            await tx.example_sets.add(actor, one)
    return sets[0]
