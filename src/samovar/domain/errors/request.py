"""What can be wrong with a request, or with who makes it."""

from samovar.domain.errors.root import SamovarError

__all__ = [
    "AdministratorOnly",
    "Conflict",
    "EvaluationRunning",
    "Forbidden",
    "InvalidParameter",
    "InvalidRequest",
    "KeyInvalid",
    "KeyScopeMissing",
    "LinkSpent",
    "MessageEmpty",
    "NotFound",
    "QuotaExceeded",
    "TooMany",
    "Unauthorised",
]


class NotFound(SamovarError):
    """What was asked for is absent, or belongs to somebody else: the two look alike."""

    code = "not_found"
    sentence = "There is no such {what}."
    hint = "It may have been deleted. Go back and choose another."


class Unauthorised(SamovarError):
    """Nobody is signed in."""

    code = "unauthorised"
    sentence = "You are not signed in."
    hint = "Open the sign-in link that `samovar serve` printed, or make a new one with `samovar link`."


class LinkSpent(Unauthorised):
    """The one-time link was used, has expired or never existed."""

    code = "link_spent"
    sentence = "This sign-in link has been used or has expired."
    hint = "Make a new one with `samovar link` on the machine where Samovar runs."


class KeyInvalid(Unauthorised):
    """A program's key opens nothing; why is not told, so that nobody can find out which keys there were."""

    code = "key_invalid"
    sentence = "The API key is missing, wrong, expired or revoked."
    hint = "Make one with `samovar keys create` and send it as `Authorization: Bearer sk-samovar-…`."


class Forbidden(SamovarError):
    """The request came from a place that may not make it (origin, host, missing header)."""

    code = "forbidden"
    sentence = "This request is not allowed from here: {reason}."
    hint = "Open Samovar at the address that it printed at start."


class AdministratorOnly(Forbidden):
    """An act that changes the installation, asked for by somebody who does not run it."""

    code = "administrator_only"
    sentence = "Only the administrator may do this."
    hint = "Ask the owner of this installation."


class KeyScopeMissing(Forbidden):
    """A good key, made for something else."""

    code = "key_scope"
    sentence = "This key may not do that: it lacks the scope {scope}."
    hint = "Make a key that has it: `samovar keys create --scope {scope}`."


class QuotaExceeded(SamovarError):
    """A key has used up what it may use in a minute or a day."""

    code = "quota_exceeded"
    sentence = "This key has used up its {limit} {unit} of this {window}."
    hint = "Try again in {retry_after_s} seconds, or make a key with a higher limit."


class InvalidRequest(SamovarError):
    """The request does not have the form that the API reference gives."""

    code = "invalid_request"
    sentence = "The request is not valid: {reason}."
    hint = "Compare it with the API reference."


class InvalidParameter(InvalidRequest):
    """A generation parameter is unknown or out of range."""

    code = "invalid_parameter"
    sentence = "The parameter {parameter} is not valid: {reason}."
    hint = "Choose a value inside the range, or leave it empty for the model's default."

    def __init__(self, parameter: str, reason: str) -> None:
        """Name the parameter and what is wrong with it."""
        super().__init__(parameter=parameter, reason=reason)


class MessageEmpty(InvalidRequest):
    """A message with no words and no attachment."""

    code = "message_empty"
    sentence = "The message is empty."
    hint = "Write something, or attach a file."


class Conflict(SamovarError):
    """The state has moved on since the caller last looked."""

    code = "conflict"
    sentence = "This cannot be done now: {reason}."
    hint = "Reload, look at what has changed and try again."


class EvaluationRunning(Conflict):
    """A person measures search with one question set at a time."""

    code = "evaluation_running"
    sentence = "Your last question set is still being run."
    hint = "Wait until it has ended, or cancel it."


class TooMany(SamovarError):
    """A limit on how much happens at once was reached."""

    code = "too_many"
    sentence = "Too many {what} at once."
    hint = "Wait {retry_after_s} seconds and try again."
