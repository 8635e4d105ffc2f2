"""Who may read what: one's own, and the knowledge bases and prompts that others share.

These conditions are for reading alone, and each statement that reads or searches documents holds one of them. Whatever
changes something asks for its owner.
"""

from typing import Final

from sqlalchemy import ColumnElement, and_, or_, select

from samovar.domain.actor import Actor
from samovar.storage.tables import documents, knowledge_bases, prompts, users

__all__ = ["READABLE_DOCUMENT", "readable_base", "readable_document", "readable_prompt"]

_shared = knowledge_bases.alias("shared_base")
_sharer = users.alias("sharer")

# What somebody shares goes with the account: at once when it is suspended, and for ever when it is deleted.
_SHARED_BASES: Final = (
    select(_shared.c.base_id)
    .join(_sharer, _sharer.c.user_id == _shared.c.owner_id)
    .where(_shared.c.is_shared, _sharer.c.is_active)
)

#: In SQL, of a table ``document`` and the parameter ``actor``: the document is the actor's own, or shared.
READABLE_DOCUMENT: Final = f"(document.owner_id = :actor OR document.base_id IN ({_SHARED_BASES}))"


def readable_document(actor: Actor) -> ColumnElement[bool]:
    """Tell of rows of ``documents`` whether the actor may read them."""
    return or_(documents.c.owner_id == actor.user_id, documents.c.base_id.in_(_SHARED_BASES))


def readable_base(actor: Actor) -> ColumnElement[bool]:
    """Tell of rows of ``knowledge_bases`` whether the actor may read and search them."""
    return or_(
        knowledge_bases.c.owner_id == actor.user_id,
        knowledge_bases.c.base_id.in_(_SHARED_BASES),
    )


def readable_prompt(actor: Actor) -> ColumnElement[bool]:
    """Tell of rows of ``prompts`` whether the actor may read them and use them."""
    active = select(_sharer.c.user_id).where(_sharer.c.is_active)
    return or_(prompts.c.owner_id == actor.user_id, and_(prompts.c.is_shared, prompts.c.owner_id.in_(active)))
