"""How much of a file from outside is believed; everything above is left out and reported, or refused."""

from typing import Final

__all__ = [
    "DEEPEST",
    "LONGEST_NAME",
    "LONGEST_SYSTEM_PROMPT",
    "LONGEST_TEXT",
    "LONGEST_TITLE",
    "MOST_CHAT_BYTES",
    "MOST_DIRECTORY_BYTES",
    "MOST_ENTRIES",
    "MOST_MESSAGES",
    "MOST_TAGS",
    "MOST_UNPACKED_BYTES",
    "MOST_UNPACKED_RATIO",
    "MOST_VALUES",
    "PIECE_BYTES",
]

#: What is read of a file at once.
PIECE_BYTES: Final = 1 << 18
#: The JSON of one chat: it is held whole, so this bounds the memory of an import.
MOST_CHAT_BYTES: Final = 32_000_000
#: Values in the JSON of one chat: small ones take many times their length in memory.
MOST_VALUES: Final = 4_000_000
#: LibreChat nests each reply in its question, two levels a turn.
DEEPEST: Final = 50_000
MOST_MESSAGES: Final = 100_000
#: Characters; the longest that the API takes from a person.
LONGEST_TEXT: Final = 4_000_000
LONGEST_TITLE: Final = 200
LONGEST_SYSTEM_PROMPT: Final = 50_000
LONGEST_NAME: Final = 200
MOST_TAGS: Final = 50

#: Entries of an archive. An export has one for each picture and file of its chats.
MOST_ENTRIES: Final = 20_000
#: The list of entries at the end of a ZIP, which is read whole.
MOST_DIRECTORY_BYTES: Final = 4_000_000
#: The chats of an archive unpack to at most so much, and to at most so many times what they take.
MOST_UNPACKED_BYTES: Final = 8_000_000_000
MOST_UNPACKED_RATIO: Final = 200
