"""What the adapters of model servers have in common."""

from samovar.backends._shared.address import read_address
from samovar.backends._shared.completion import OpenAIRelay, read_completion_request
from samovar.backends._shared.faults import fault_of_stream
from samovar.backends._shared.openai_reply import OpenAIReply
from samovar.backends._shared.payload import write_messages, write_parameters
from samovar.backends._shared.reply import ReplyParser, read_reply
from samovar.backends._shared.server import HttpRelay, ModelServer
from samovar.backends._shared.wire import loads_object, read_text, whole_number

__all__ = [
    "HttpRelay",
    "ModelServer",
    "OpenAIRelay",
    "OpenAIReply",
    "ReplyParser",
    "fault_of_stream",
    "loads_object",
    "read_address",
    "read_completion_request",
    "read_reply",
    "read_text",
    "whole_number",
    "write_messages",
    "write_parameters",
]
