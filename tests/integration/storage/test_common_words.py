"""What PostgreSQL's statistics know to be common is read once, and looked up by how a question's words begin."""

from sqlalchemy import text
from tests.integration.storage.test_arms import store

from samovar.domain.actor import Actor
from samovar.storage import PostgresStorage
from samovar.storage.common_words import CommonWords
from samovar.storage.connection import Connection


async def test_words_of_most_chunks_are_common_and_those_of_one_are_not(storage: PostgresStorage, actor: Actor) -> None:
    made = [f"The samovar heats water, and thing {number} is made of brass." for number in range(40)]
    await store(storage, actor, made)
    async with storage._engine.begin() as connection:
        await connection.execute(text("ANALYZE chunks"))
        words = CommonWords()
        common = await words.like(Connection(connection, lambda: None), "Samovars of BRASS, thing 7")
    assert common["samovar"] == common["brass"] == 1.0
    assert "water" not in common, "no word of the question begins so"
    assert common.get("7", 0.0) < 0.5
