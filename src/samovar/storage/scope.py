"""What a search may see: the documents of a scope that the actor may read, as a piece of SQL.

It is a part of every statement that searches, so that nothing is found first and sifted afterwards.
"""

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Double, Integer, Text, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.types import DateTime, Uuid

from samovar.domain.actor import Actor
from samovar.domain.search import SearchScope
from samovar.storage.rights import READABLE_DOCUMENT
from samovar.storage.tables import StoredText

__all__ = ["escaped", "scope_sql", "statement"]

_OF_CHAT: Final = """
        SELECT chat_documents.document_id FROM chat_documents JOIN chats USING (chat_id)
        WHERE chat_id = :chat AND chats.owner_id = :actor
        UNION
        SELECT of_base.document_id FROM documents AS of_base
        JOIN chat_bases USING (base_id) JOIN chats USING (chat_id)
        WHERE chat_id = :chat AND chats.owner_id = :actor"""
_OF_BASES: Final = """
        SELECT of_base.document_id FROM documents AS of_base WHERE of_base.base_id = ANY(:bases)"""

_TYPES: Final[dict[str, BindParameter[Any]]] = {
    parameter.key: parameter
    for parameter in (
        bindparam("actor", type_=Uuid),
        bindparam("chat", type_=Uuid),
        bindparam("bases", type_=ARRAY(Uuid)),
        bindparam("only", type_=ARRAY(Uuid)),
        bindparam("name", type_=StoredText),
        bindparam("folder", type_=StoredText),
        bindparam("kinds", type_=ARRAY(Text)),
        bindparam("since", type_=DateTime(timezone=True)),
        bindparam("until", type_=DateTime(timezone=True)),
        bindparam("question", type_=StoredText),
        bindparam("common", type_=ARRAY(Text)),
        bindparam("shares", type_=ARRAY(Double)),
        bindparam("words", type_=Text),
        bindparam("phrases", type_=ARRAY(StoredText)),
        bindparam("excluded", type_=ARRAY(StoredText)),
        bindparam("dimensions", type_=ARRAY(Integer)),
        bindparam("units", type_=ARRAY(Text)),
        bindparam("vector", type_=Text),
    )
}


@lru_cache(maxsize=256)
def statement(sql: str, names: tuple[str, ...]) -> TextClause:
    """Make a statement with the types of the parameters named; the same words make the same statement."""
    return text(sql).bindparams(*(_TYPES[name] for name in names if name in _TYPES))


def scope_sql(actor: Actor, scope: SearchScope) -> tuple[str, dict[str, Any]]:
    """Write the scope as a common table expression ``scope (document_id, name, chunk_count, has_vectors)``.

    Return it with its parameters.
    """
    values: dict[str, Any] = {"actor": actor.user_id}
    sources: list[str] = []
    if scope.chat_id is not None:
        sources.append(_OF_CHAT)
        values["chat"] = scope.chat_id
    if scope.base_ids:
        sources.append(_OF_BASES)
        values["bases"] = list(scope.base_ids)
    conditions = [f"document.document_id IN ({' UNION '.join(sources)}\n    )"] if sources else []
    if scope.document_ids:
        conditions.append("document.document_id = ANY(:only)")
        values["only"] = list(scope.document_ids)
    if scope.name is not None:
        conditions.append("document.name ILIKE :name")
        values["name"] = f"%{escaped(scope.name)}%"
    if scope.folder is not None:
        conditions.append("document.path LIKE :folder")
        values["folder"] = f"{escaped(scope.folder.strip('/'))}/%"
    if scope.kinds:
        conditions.append("document.kind = ANY(:kinds)")
        values["kinds"] = sorted(scope.kinds)
    if scope.since is not None:
        conditions.append("document.created_at >= :since")
        values["since"] = scope.since
    if scope.until is not None:
        conditions.append("document.created_at < :until")
        values["until"] = scope.until
    narrowed = "".join(f"\n    AND {condition}" for condition in conditions)
    sql = f"""scope AS MATERIALIZED (
    SELECT document.document_id, document.name, document.chunk_count, document.has_vectors
    FROM documents AS document
    WHERE document.status = 'ready' AND {READABLE_DOCUMENT}{narrowed}
)"""  # noqa: S608 - made of constants; every value is a parameter
    return sql, values


def escaped(words: str) -> str:
    """Take the special characters of LIKE as themselves."""
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
