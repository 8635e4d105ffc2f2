"""From a file to something that can be found: intake, parsing, chunks, index."""
