"""Which chats a search of messages may see: those of the actor that its filters leave, as a piece of SQL.

It is a part of every statement that finds messages, so that nothing is found first and sifted afterwards.
"""

from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import BigInteger, Double, Integer, Text, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.types import DateTime, Uuid

from samovar.domain.actor import Actor
from samovar.domain.finding import FindQuery
from samovar.storage.scope import escaped
from samovar.storage.tables import StoredText

__all__ = ["ChatScope", "chat_statement"]

_TYPES: Final[dict[str, BindParameter[Any]]] = {
    parameter.key: parameter
    for parameter in (
        bindparam("actor", type_=Uuid),
        bindparam("folder", type_=StoredText),
        bindparam("below", type_=StoredText),
        bindparam("tags", type_=ARRAY(StoredText)),
        bindparam("role", type_=Text),
        bindparam("since", type_=DateTime(timezone=True)),
        bindparam("until", type_=DateTime(timezone=True)),
        bindparam("question", type_=StoredText),
        bindparam("common", type_=ARRAY(Text)),
        bindparam("shares", type_=ARRAY(Double)),
        bindparam("words", type_=Text),
        bindparam("weights", type_=Text),
        bindparam("phrases", type_=ARRAY(StoredText)),
        bindparam("excluded", type_=ARRAY(StoredText)),
        bindparam("dimensions", type_=ARRAY(Integer)),
        bindparam("beginnings", type_=ARRAY(Text)),
        bindparam("whole", type_=Integer),
        bindparam("limit", type_=Integer),
        bindparam("budget", type_=BigInteger),
    )
}


class ChatScope:
    """The chats that are left, as a common table expression ``sql`` with its ``values``.

    ``said`` are further conditions on a message ``said``, ``dates`` on a chat that was made in the time asked for.
    """

    def __init__(self, actor: Actor, query: FindQuery) -> None:
        """Take the filters of a query."""
        self.values: dict[str, Any] = {"actor": actor.user_id}
        conditions = ""
        if query.folder is not None:
            conditions += "\n        AND (lower(folder) = lower(:folder) OR lower(folder) LIKE lower(:below))"
            folder = query.folder.strip("/")
            self.values |= {"folder": folder, "below": f"{escaped(folder)}/%"}
        if query.tags:
            conditions += """
        AND NOT EXISTS (
            SELECT FROM unnest(:tags) AS wanted WHERE lower(wanted) NOT IN (SELECT lower(tag) FROM unnest(tags) AS tag)
        )"""
            self.values["tags"] = list(query.tags)
        self.sql = f"""scope AS MATERIALIZED (
    SELECT chat_id FROM chats WHERE owner_id = :actor{conditions}
)"""  # noqa: S608 - made of constants; every value is a parameter
        self.said, self.dates = "", ""
        self.said_values: dict[str, Any] = {}
        self.dates_values: dict[str, Any] = {}
        for name, day, sign in (("since", query.since, ">="), ("until", query.until, "<")):
            if day is not None:
                self.said += f"\n                AND said.created_at {sign} :{name}"
                self.dates += f"\n        AND chats.created_at {sign} :{name}"
                self.said_values[name] = self.dates_values[name] = _moment(day)
        if query.role is not None:
            self.said += "\n                AND said.role = :role"
            self.said_values["role"] = query.role

    @property
    def names_sender(self) -> bool:
        """Whether only what somebody has said is looked for: nobody has said a title."""
        return "role" in self.said_values

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter is set."""
        return len(self.values) > 1 or bool(self.said)


def _moment(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


@lru_cache(maxsize=256)
def chat_statement(sql: str, names: tuple[str, ...]) -> TextClause:
    """Make a statement with the types of the parameters named; the same words make the same statement."""
    return text(sql).bindparams(*(_TYPES[name] for name in names if name in _TYPES))
