"""Model servers that were added by hand, as the database keeps them."""

from dataclasses import replace

from samovar.domain.backend import BackendSpec, LoadParameters
from samovar.storage import PostgresStorage

GPU = BackendSpec(
    name="gpu",
    kind="vllm",
    url="http://10.0.0.5:8000",
    source="added",
    key="sesame",
    parallel=32,
    load=LoadParameters(context_tokens=4096, kv_cache="q8_0", keep_alive_s=-1),
)
DESK = BackendSpec(name="desk", kind="ollama", url="http://127.0.0.1:11434", source="added")


async def test_servers_come_back_as_they_were_stored_in_the_order_in_which_they_came(storage: PostgresStorage) -> None:
    async with storage.transaction() as tx:
        assert await tx.backends.list() == ()
        assert await tx.backends.add(GPU)
        assert await tx.backends.add(DESK)
    async with storage.transaction() as tx:
        assert await tx.backends.list() == (GPU, DESK)


async def test_a_name_or_an_address_is_stored_once(storage: PostgresStorage) -> None:
    async with storage.transaction() as tx:
        assert await tx.backends.add(GPU)
        assert not await tx.backends.add(replace(DESK, name="gpu"))
        assert not await tx.backends.add(replace(DESK, url=GPU.url))
        assert await tx.backends.list() == (GPU,)


async def test_key_parallel_and_load_can_be_written_anew(storage: PostgresStorage) -> None:
    changed = replace(GPU, key=None, parallel=None, load=LoadParameters(threads=2))
    async with storage.transaction() as tx:
        await tx.backends.add(GPU)
        assert await tx.backends.save(changed)
        assert await tx.backends.list() == (changed,)
        assert not await tx.backends.save(DESK), "it is not there"


async def test_a_server_is_forgotten_once(storage: PostgresStorage) -> None:
    async with storage.transaction() as tx:
        await tx.backends.add(GPU)
        await tx.backends.remove(GPU.url)
        await tx.backends.remove(GPU.url)
        assert await tx.backends.list() == ()
