"""What the adapters of model servers have in common."""

from samovar.backends._shared.address import read_address
from samovar.backends._shared.completion import OpenAIRelay, read_completion_request, write_usage
from samovar.backends._shared.faults import fault_of_stream
from samovar.backends._shared.guesses import add_guesses
from samovar.backends._shared.listing import read_entries, read_names
from samovar.backends._shared.openai_chat import OpenAIChat
from samovar.backends._shared.openai_reply import OpenAIReply
from samovar.backends._shared.payload import Dialect, has_image, refuse_addresses, write_messages, write_parameters
from samovar.backends._shared.reply import ReplyParser, read_events, read_reply
from samovar.backends._shared.server import HttpRelay, ModelServer
from samovar.backends._shared.slow_fact import SlowFact
from samovar.backends._shared.wire import loads_object, read_object, read_text, short_text, token_count, whole_number

__all__ = [
    "Dialect",
    "HttpRelay",
    "ModelServer",
    "OpenAIChat",
    "OpenAIRelay",
    "OpenAIReply",
    "ReplyParser",
    "SlowFact",
    "add_guesses",
    "fault_of_stream",
    "has_image",
    "loads_object",
    "read_address",
    "read_completion_request",
    "read_entries",
    "read_events",
    "read_names",
    "read_object",
    "read_reply",
    "read_text",
    "refuse_addresses",
    "short_text",
    "token_count",
    "whole_number",
    "write_messages",
    "write_parameters",
    "write_usage",
]
