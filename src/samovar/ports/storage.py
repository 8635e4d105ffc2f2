"""The port to what lasts: the database and the blobs."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime, timedelta
from typing import Protocol

from samovar.domain.account import ApiKey, KeyUsage, Session, User
from samovar.domain.actor import Actor
from samovar.domain.backend import BackendSpec
from samovar.domain.chat import Chat, ChatFilter, ChatPage, LineNode, Message, TreeNode
from samovar.domain.citation import Citation
from samovar.domain.document import Chunk
from samovar.domain.event import RunEvent
from samovar.domain.generation import Usage
from samovar.domain.ids import ChatId, DocumentId, KeyId, MessageId, RunId, UserId
from samovar.domain.run import Checkpoint, Run, RunStatus
from samovar.ports.conversation import Archive, ExampleSets, MessageSearch, Prompts, Summaries
from samovar.ports.evaluations import Evaluations
from samovar.ports.library import Bases, Documents, Figures, Readings
from samovar.ports.queue import ReadingQueue
from samovar.ports.search import Search, Vectors

__all__ = [
    "Accounts",
    "Backends",
    "BlobStore",
    "Chats",
    "Chunks",
    "Runs",
    "Storage",
    "Transaction",
]


class Chats(Protocol):
    """Chats and messages. Every method takes the actor; absence and refusal are one NotFound."""

    async def add(self, actor: Actor, chat: Chat) -> None:
        """Store a new chat."""
        ...

    async def access(self, actor: Actor, chat_id: ChatId, *, for_update: bool = False) -> Chat:
        """Read one chat; ``for_update`` locks its row until the transaction ends."""
        ...

    async def list(self, actor: Actor, where: ChatFilter, *, before: int | None, limit: int) -> ChatPage:
        """List the chats, the one changed last first, all pinned ones before them.

        The first page (``before`` None) has every pinned chat and ``limit`` others; later ones go on from ``next``.
        """
        ...

    async def folders(self, actor: Actor) -> tuple[str, ...]:
        """The folders that have chats, in order, without the empty name."""
        ...

    async def tags(self, actor: Actor) -> tuple[str, ...]:
        """The tags that chats have, in order."""
        ...

    async def save(self, actor: Actor, chat: Chat, *, moves_up: bool = True) -> None:
        """Write everything but the ids and dates of a chat.

        It becomes the one changed last, with a new ``updated_at``, unless ``moves_up`` is False.
        Raises: NotFound, for an example set of somebody else too.
        """
        ...

    async def remove(self, actor: Actor, chat_id: ChatId) -> tuple[str, ...]:
        """Delete a chat with its messages, its runs and the documents that it alone needs.

        Return the hashes of the blobs that nothing refers to any more.
        """
        ...

    async def add_message(self, actor: Actor, message: Message, *, idempotency_key: str | None = None) -> Message:
        """Store a message and give it its position. Raises Conflict when the key was used."""
        ...

    async def add_turn(
        self,
        actor: Actor,
        chat: Chat,
        question: Message,
        reply: Message,
        run: Run,
        *,
        idempotency_key: str | None = None,
    ) -> tuple[Message, Message]:
        """Store a question, its empty reply and its run, with the title of the chat and the reply as its head.

        Return both messages with their positions. Raises Conflict when the key was used.
        """
        ...

    async def message_by_idempotency_key(self, actor: Actor, chat_id: ChatId, key: str) -> Message | None:
        """Find the message that an earlier submit with this key made."""
        ...

    async def access_message(self, actor: Actor, message_id: MessageId) -> Message:
        """Read one message."""
        ...

    async def messages(self, actor: Actor, chat_id: ChatId) -> tuple[Message, ...]:
        """Read the whole tree of a chat, ordered by position."""
        ...

    async def branch(
        self, actor: Actor, chat_id: ChatId, head_id: MessageId, *, limit: int | None = None
    ) -> tuple[Message, ...]:
        """Read the branch that ends at a message, oldest first: its last ``limit`` messages.

        Raises: NotFound when the message is not in this chat.
        """
        ...

    async def line(self, actor: Actor, chat_id: ChatId, head_id: MessageId) -> tuple[LineNode, ...]:
        """Read the branch that ends at a message without its words, oldest first; empty when it is not in this chat."""
        ...

    async def newest_leaf(self, actor: Actor, message_id: MessageId) -> MessageId:
        """The end of the newest branch through a message: the newest message under it, or itself. Raises: NotFound."""
        ...

    async def newest_position(self, actor: Actor, chat_id: ChatId) -> int | None:
        """The position of the newest message of a chat; None without any, or without the chat."""
        ...

    async def siblings(
        self, actor: Actor, message_ids: Collection[MessageId]
    ) -> Mapping[MessageId, tuple[MessageId, ...]]:
        """The versions of messages, oldest first, themselves among them; only of those with more than one."""
        ...

    async def unsent_documents(self, actor: Actor, chat_id: ChatId) -> tuple[DocumentId, ...]:
        """List the documents of a chat that no message of its tree refers to: what waits in its draft."""
        ...

    async def outline(self, actor: Actor, chat_id: ChatId, *, limit: int) -> tuple[TreeNode, ...]:
        """Read the newest ``limit`` nodes of the tree of a chat, ordered by position. Raises: NotFound."""
        ...


class Runs(Protocol):
    """Runs and their stored events."""

    async def add(self, run: Run) -> None:
        """Store a new run."""
        ...

    async def access(self, actor: Actor, run_id: RunId) -> Run:
        """Read one run of the actor's own."""
        ...

    async def events_after(self, actor: Actor, run_id: RunId, seq: int) -> tuple[RunEvent, ...]:
        """Read the stored events with a number above ``seq``, in order."""
        ...

    async def checkpoint(self, checkpoints: Sequence[Checkpoint]) -> Collection[RunId]:
        """Append events and store the replies so far (on their messages), all in one round trip.

        Return the ids of the runs that live still; of others nothing is stored.
        """
        ...

    async def finish(
        self,
        last: Checkpoint,
        *,
        status: RunStatus,
        error_code: str | None,
        usage: Usage | None,
        citations: Sequence[Citation],
        outcome: Mapping[str, object],
    ) -> None:
        """Store the last events and how the run ended, on the run and on its message.

        ``outcome`` is what a page shows beside the text: notices, usage, error.
        """
        ...

    async def save_choice(self, run_id: RunId, *, model: str, backend: str, ledger: Mapping[str, object]) -> None:
        """Record which model answers, and every piece that was sent to it or left out."""
        ...

    async def ledger(self, actor: Actor, run_id: RunId) -> Mapping[str, object]:
        """Read what the model was shown; empty before the request was made."""
        ...

    async def interrupt_orphans(self) -> tuple[RunId, ...]:
        """End as ``interrupted`` each live run whose owner is gone; return their ids.

        The last event of such a run is an ``end`` event with the next number.
        """
        ...


class Chunks(Protocol):
    """What search finds: places on pages and in descriptions, which have to be stored when their chunks are."""

    async def add(self, chunks: Sequence[Chunk]) -> None:
        """Index chunks. Raises: NotFound when their document was deleted."""
        ...

    async def remove(self, document_id: DocumentId) -> None:
        """Take every chunk of a document's pages out of the index; those of descriptions stay."""
        ...

    async def remove_description(self, document_id: DocumentId, page: int | None, figure: int) -> None:
        """Take the chunks of a picture's description out of the index."""
        ...


class Accounts(Protocol):
    """Users, sessions, one-time links and keys. Tokens come in as SHA-256 hex digests."""

    async def first_user(self) -> User:
        """Read the owner of the installation, made at the first call."""
        ...

    async def user(self, user_id: UserId) -> User:
        """Read a user. Raises NotFound."""
        ...

    async def add_link(self, token_hash: str, user_id: UserId, *, lifetime: timedelta) -> None:
        """Store a one-time sign-in link."""
        ...

    async def spend_link(self, token_hash: str) -> UserId | None:
        """Use a link up; None when it is unknown, used or expired. At most one caller wins."""
        ...

    async def add_session(self, session: Session, token_hash: str) -> None:
        """Store a session."""
        ...

    async def session_by_token(self, token_hash: str, *, idle: timedelta, absolute: timedelta) -> Session | None:
        """Find a live session of an active user, and note that it was seen (at most once a minute)."""
        ...

    async def end_session(self, token_hash: str) -> None:
        """Forget a session."""
        ...

    async def add_key(self, key: ApiKey, token_hash: str) -> None:
        """Store an API key, and forget those that ended long ago."""
        ...

    async def key_by_token(self, token_hash: str) -> ApiKey | None:
        """Find a key of an active user that is neither expired nor revoked."""
        ...

    async def keys(self, actor: Actor) -> tuple[ApiKey, ...]:
        """List the actor's own keys, the newest first, those that ended lately included."""
        ...

    async def count_keys(self, actor: Actor) -> int:
        """Tell how many keys the list would have."""
        ...

    async def revoke_key(self, actor: Actor, key_id: KeyId) -> None:
        """End a key of the actor's own, for good; once more changes nothing. Raises: NotFound."""
        ...

    async def living_keys(self, key_ids: Collection[KeyId]) -> frozenset[KeyId]:
        """Tell which of these keys still open anything."""
        ...

    async def tokens_used(self, key_ids: Collection[KeyId], day: date) -> Mapping[KeyId, int]:
        """Read what keys have used on a day; a key that used nothing is missing."""
        ...

    async def add_usage(self, usage: KeyUsage) -> int:
        """Add to what a key has used on a day, by all processes; return the tokens of that day."""
        ...


class Backends(Protocol):
    """Model servers that were added by hand: they belong to the installation, not to a person."""

    async def list(self) -> tuple[BackendSpec, ...]:
        """Read every server, in the order in which they were added."""
        ...

    async def add(self, spec: BackendSpec) -> bool:
        """Store a server; False when its name or its address is taken."""
        ...

    async def save(self, spec: BackendSpec) -> bool:
        """Write key, parallel and load of the server at this address; False when it is gone."""
        ...

    async def remove(self, url: str) -> None:
        """Forget the server at an address; nothing happens if it is gone already."""
        ...


class Transaction(Protocol):
    """One unit of work: everything in it is committed, or nothing."""

    @property
    def chats(self) -> Chats:
        """The chats and messages."""
        ...

    @property
    def summaries(self) -> Summaries:
        """The summaries of chats."""
        ...

    @property
    def archive(self) -> Archive:
        """Whole chats in and out."""
        ...

    @property
    def runs(self) -> Runs:
        """The runs and their events."""
        ...

    @property
    def documents(self) -> Documents:
        """The documents and pages."""
        ...

    @property
    def bases(self) -> Bases:
        """The knowledge bases."""
        ...

    @property
    def figures(self) -> Figures:
        """The pictures of documents."""
        ...

    @property
    def readings(self) -> Readings:
        """The documents that are being read."""
        ...

    @property
    def chunks(self) -> Chunks:
        """What the search engine finds."""
        ...

    @property
    def search(self) -> Search:
        """The search engine."""
        ...

    @property
    def message_search(self) -> MessageSearch:
        """The index of what was said in chats."""
        ...

    @property
    def vectors(self) -> Vectors:
        """The vectors of chunks."""
        ...

    @property
    def evaluations(self) -> Evaluations:
        """The question sets that were run."""
        ...

    @property
    def accounts(self) -> Accounts:
        """The accounts, sessions and keys."""
        ...

    @property
    def backends(self) -> Backends:
        """The model servers that were added by hand."""
        ...

    @property
    def prompts(self) -> Prompts:
        """The library of prompts."""
        ...

    @property
    def example_sets(self) -> ExampleSets:
        """The example sets."""
        ...

    async def now(self) -> datetime:
        """The database's clock, with its zone."""
        ...


class BlobStore(Protocol):
    """Bytes kept under their own SHA-256 (hex). Raises StorageReadOnly, BlobDamaged."""

    async def put(self, content: bytes) -> str:
        """Store bytes durably; return their hash. The same bytes are stored once."""
        ...

    async def get(self, sha256: str) -> bytes:
        """Read bytes back, compared with their hash."""
        ...

    async def remove(self, sha256: str) -> None:
        """Delete bytes; nothing happens if they are gone already."""
        ...

    def hashes(self) -> AsyncIterator[str]:
        """List what is stored."""
        ...


class Storage(Protocol):
    """The database. Raises StorageError."""

    @property
    def owner(self) -> int:
        """The number of this serving process, alive as long as its connection is."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a unit of work; commits at the end, rolls back on an exception."""
        ...

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """Open what only reads, without the round trips of a transaction: a statement sees what is stored by then."""
        ...

    def queue(self) -> ReadingQueue:
        """A share in the queue of documents that wait to be read, not connected yet."""
        ...

    async def check(self) -> None:
        """Return when the database answers. Raises StorageUnavailable."""
        ...

    async def close(self) -> None:
        """Give back the connections."""
        ...
