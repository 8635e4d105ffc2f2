"""From a question to passages, and from an answer to checked citations."""
