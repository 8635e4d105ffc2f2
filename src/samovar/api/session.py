"""Signing in and out."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from samovar.accounts.sign_in import SESSION_ABSOLUTE
from samovar.api.deps import Asker, ServicesOf

__all__ = ["router"]

router = APIRouter(prefix="/api/session", tags=["session"])


class SignInBody(BaseModel):
    """The token of a one-time link."""

    model_config = ConfigDict(extra="forbid")
    token: str = Field(max_length=200)


@router.post("")
async def sign_in(body: SignInBody, request: Request, services: ServicesOf) -> Response:
    """Spend a link for a session cookie."""
    token = await services.sign_in.open_session(body.token)
    response = Response(status_code=204)
    response.set_cookie(
        services.cookie_name,
        token,
        max_age=int(SESSION_ABSOLUTE.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        path="/",
    )
    return response


@router.get("")
async def whoami(actor: Asker, services: ServicesOf) -> Response:
    """Tell who is signed in."""
    user = await services.sign_in.user(actor)
    return JSONResponse({"user": {"id": str(user.user_id), "name": user.name}, "version": services.version})


@router.delete("")
async def sign_out(request: Request, services: ServicesOf) -> Response:
    """Forget the session."""
    if token := request.cookies.get(services.cookie_name):
        await services.sign_in.close_session(token)
    response = Response(status_code=204)
    response.delete_cookie(services.cookie_name, path="/", httponly=True, samesite="strict")
    return response
