"""What a model server can do wrong."""

from samovar.domain.errors.root import SamovarError

__all__ = [
    "BackendBroke",
    "BackendError",
    "BackendFailed",
    "BackendKeyMissing",
    "BackendOverloaded",
    "BackendRefused",
    "BackendReplyInvalid",
    "BackendTimeout",
    "BackendUnauthorised",
    "BackendUnreachable",
    "ContextExceeded",
    "EmbeddingsUnsupported",
    "ImageRefused",
    "ModelLoading",
    "ModelUnknown",
    "ModelWithoutVision",
    "NoModel",
    "NoVisionModel",
    "NotAModelServer",
]


class BackendError(SamovarError):
    """The root of everything that a model server can do wrong."""


class NoModel(BackendError):
    """No model is configured at all."""

    code = "no_model"
    sentence = "There is no model to answer."
    hint = "Start Samovar with its embedded model, or name a backend with OPENAI_BASE_URL or OLLAMA_HOST."


class ModelUnknown(BackendError):
    """A model that no backend offers."""

    code = "model_unknown"
    sentence = "No backend offers the model {model}."
    hint = "Choose another model; `samovar models` lists them."


class ModelLoading(BackendError):
    """The model is still being loaded."""

    code = "model_loading"
    sentence = "The model {model} is still loading."
    hint = "Wait a moment and try again."


class BackendUnreachable(BackendError):
    """No connection to the model server."""

    code = "backend_unreachable"
    sentence = "The backend {backend} does not answer."
    hint = "Check that it runs and that its address is right, then try again."


class BackendUnauthorised(BackendError):
    """The model server wants another key."""

    code = "backend_unauthorised"
    sentence = "The backend {backend} does not accept the key."
    hint = "Set the right key (OPENAI_API_KEY, or `backends.openai_api_key` in samovar.toml) and restart."


class BackendKeyMissing(BackendUnauthorised):
    """The model server wants a key, and none is known for it."""

    code = "backend_key_missing"
    sentence = "The backend {backend} answered {status}: it needs a key."
    hint = "Add it with its key, on the page of models and servers or in samovar.toml."


class BackendOverloaded(BackendError):
    """The model server has no place for one more request."""

    code = "backend_overloaded"
    sentence = "The backend {backend} is busy."
    hint = "Try again in a minute, or choose another model."


class BackendTimeout(BackendError):
    """No first token, or no next token, in time."""

    code = "backend_timeout"
    sentence = "The backend {backend} was silent for {seconds} seconds."
    hint = "Try again. A shorter question or a smaller model answers sooner."


class BackendBroke(BackendError):
    """The stream ended before its end."""

    code = "backend_broke"
    sentence = "The backend {backend} broke off in the middle of the answer."
    hint = "What arrived is kept. Regenerate to try again."


class BackendReplyInvalid(BackendError):
    """A reply that the protocol does not allow."""

    code = "backend_reply_invalid"
    sentence = "The backend {backend} sent a reply that cannot be understood: {reason}."
    hint = "Check that the address belongs to a model server of the right kind."


class NotAModelServer(BackendReplyInvalid):
    """Something answers at an address, and it is no model server of any kind that is known."""

    code = "not_a_model_server"
    sentence = "What answers at {url} is no model server."
    hint = "Check the address. If it is a model server all the same, add it with its kind."


class BackendRefused(BackendError):
    """The model server said no, in its own words."""

    code = "backend_refused"
    sentence = "The backend {backend} refused the request: {reason}."
    hint = "Change what it names and try again."


class BackendFailed(BackendError):
    """The model server tripped over a request, by its own account."""

    code = "backend_failed"
    sentence = "The backend {backend} failed: {reason}."
    hint = "Try again. If it happens again, look into the log of that server."


class ContextExceeded(BackendError):
    """What must be sent is longer than the model can read."""

    code = "context_exceeded"
    sentence = "The message needs {needed_tokens} tokens, but the model {model} can read {context_tokens}."
    hint = "Shorten the message, the system prompt or the pinned facts, or choose a model with a longer context."


class ImageRefused(BackendError):
    """A picture was sent to a model that cannot see."""

    code = "image_refused"
    sentence = "The model {model} cannot see pictures."
    hint = "Choose a vision model, or describe the picture in words."


class ModelWithoutVision(BackendError):
    """A task for pictures was given to a model that cannot see; ``pages_with_text`` counts what could go as text."""

    code = "model_without_vision"
    sentence = "The model {model} cannot see pictures, so it cannot do this."
    hint = "Choose a model that sees, or send the text that was read from the pages instead."


class NoVisionModel(ModelWithoutVision):
    """Pictures are to be looked at, and no backend offers a model that is known to see."""

    code = "no_vision_model"
    sentence = "There is no model here that sees pictures."
    hint = "Add a vision model, or ask a model that you have whether it sees, on the page of models."


class EmbeddingsUnsupported(BackendError):
    """Vectors were asked of a model, or a backend, that makes none."""

    code = "embeddings_unsupported"
    sentence = "The model {model} makes no embeddings."
    hint = "Choose an embedding model; `samovar backends` shows which models make embeddings."
