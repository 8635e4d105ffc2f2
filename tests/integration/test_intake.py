"""A file handed to the intake by any door meets the same limits."""

import pytest
from tests.support.application import Running, run_application

from samovar.domain.errors import FileEmpty, FileTooLarge, InvalidRequest
from samovar.settings import LimitsSettings, Settings


async def test_a_file_above_the_limit_is_refused_whoever_brings_it(settings: Settings) -> None:
    async with run_application(settings.model_copy(update={"limits": LimitsSettings(upload_mb=1)})) as running:
        intake, owner = running.services.intake, await running.services.sign_in.owner()
        with pytest.raises(FileTooLarge) as caught:
            await intake.take(owner, name="big.txt", content=b"w" * 1_000_001, chat_id=None)
        assert dict(caught.value.values) == {"name": "big.txt", "limit_mb": 1}
        document = await intake.take(owner, name="just.txt", content=b"w" * 1_000_000, chat_id=None)
        assert document.size_bytes == 1_000_000
        document = await intake.wait(owner, document.document_id, timeout_s=60)
        assert document.status == "ready"
        metrics = running.services.metrics.render().decode()
        assert 'samovar_documents_total{status="refused"} 1.0' in metrics
        assert 'samovar_documents_total{status="ready"} 1.0' in metrics


async def test_a_file_of_the_library_is_one_document_until_it_is_removed(running: Running) -> None:
    intake, owner = running.services.intake, await running.services.sign_in.owner()
    first = await intake.take(owner, name="tea.txt", content=b"Tea of the library.", chat_id=None)
    again = await intake.take(owner, name="other.txt", content=b"Tea of the library.", chat_id=None)
    assert again.document_id == first.document_id
    assert first.sha256 in [sha256 async for sha256 in running.services.blobs.hashes()]
    await intake.remove(owner, first.document_id)
    assert first.sha256 not in [sha256 async for sha256 in running.services.blobs.hashes()]


async def test_an_empty_or_nameless_file_is_refused_before_anything_is_read(running: Running) -> None:
    intake, owner = running.services.intake, await running.services.sign_in.owner()
    with pytest.raises(FileEmpty):
        await intake.take(owner, name="empty.txt", content=b"", chat_id=None)
    with pytest.raises(InvalidRequest):
        await intake.take(owner, name="../..", content=b"Tea", chat_id=None)


@pytest.mark.parametrize(
    "words",
    ["--- !!! ... ---", "the and of to", "и в на", "QUJD" * 1000, "☕ 🫖"],
    ids=["signs", "English stop words", "Russian stop words", "one endless word", "pictures"],
)
async def test_a_text_without_a_word_that_can_be_found_is_taken_in_all_the_same(running: Running, words: str) -> None:
    chat_id = await running.client.new_chat(model="echo")
    status, document = await running.client.upload(chat_id, "odd.txt", words.encode())
    assert (status, document["status"]) == (201, "ready"), document
    _, read = await running.client.send("GET", f"/api/documents/{document['id']}/text")
    assert read["text"] == words
    status, _ = await running.client.upload(chat_id, "port.txt", b"The service listens on port 7431.")
    assert status == 201
    _, events = await running.client.answer(chat_id, "Which port does the service listen on? " + words[:100])
    [passages] = [event.body["passages"] for event in events if event.kind == "passages"]
    assert passages[0]["document"] == "port.txt"
    assert events[-1].body["status"] == "done"
