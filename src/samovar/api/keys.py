"""Keys for programs: made, listed, revoked."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from samovar.accounts.keys import KeyTerms, ListedKey
from samovar.api.deps import Asker, ServicesOf
from samovar.domain.account import KEY_SCOPES, USUAL_SCOPES, KeyScope
from samovar.domain.ids import KeyId

__all__ = ["key_body", "router"]

router = APIRouter(prefix="/api/keys", tags=["keys"])


class NewKeyBody(BaseModel):
    """What a new key is for and what it may do; what is absent is no limit."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(max_length=200)
    scopes: list[KeyScope] | None = Field(None, max_length=20)
    expires_at: AwareDatetime | None = None
    requests_per_minute: int | None = None
    tokens_per_day: int | None = None


@router.get("")
async def list_keys(actor: Asker, services: ServicesOf) -> Response:
    """List the keys, the newest first."""
    found = await services.keys.list(actor)
    return JSONResponse({"keys": [key_body(listed) for listed in found]})


@router.post("")
async def create_key(body: NewKeyBody, actor: Asker, services: ServicesOf) -> Response:
    """Make a key; its secret is in this answer and nowhere else."""
    terms = KeyTerms(
        name=body.name,
        scopes=USUAL_SCOPES if body.scopes is None else frozenset(body.scopes),
        expires_at=body.expires_at,
        requests_per_minute=body.requests_per_minute,
        tokens_per_day=body.tokens_per_day,
    )
    key, secret = await services.keys.create(actor, terms)
    listed = ListedKey(key=key, state="active", tokens_today=0)
    return JSONResponse({"key": key_body(listed), "secret": secret}, status_code=201)


@router.delete("/{key_id}")
async def revoke_key(key_id: UUID, actor: Asker, services: ServicesOf) -> Response:
    """End a key for good."""
    await services.keys.revoke(actor, KeyId(key_id))
    return Response(status_code=204)


def key_body(listed: ListedKey) -> dict[str, object]:
    """A key as its owner sees it."""
    key = listed.key
    return {
        "id": str(key.key_id),
        "name": key.name,
        "prefix": key.prefix,
        "scopes": [scope for scope in KEY_SCOPES if scope in key.scopes],
        "state": listed.state,
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        "requests_per_minute": key.requests_per_minute,
        "tokens_per_day": key.tokens_per_day,
        "tokens_today": listed.tokens_today,
        "last_used_at": key.last_used_at.isoformat() if key.last_used_at else None,
    }
