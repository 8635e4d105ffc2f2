"""Secrets that people and programs carry; only their hashes are stored."""

import hashlib
import secrets

__all__ = ["KEY_PREFIX", "hash_token", "new_key", "new_token"]

#: Lets a person, and a secret scanner, recognise a key of Samovar.
KEY_PREFIX = "sk-samovar-"


def new_token() -> str:
    """Make a random token of 256 bits, safe inside an address and a cookie."""
    return secrets.token_urlsafe(32)


def new_key() -> str:
    """Make an API key."""
    return KEY_PREFIX + new_token()


def hash_token(token: str) -> str:
    """The SHA-256 of a token in hex; tokens are random, so no slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()
