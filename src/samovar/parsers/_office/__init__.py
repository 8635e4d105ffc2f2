"""What the parsers of office papers share: ZIP containers, their XML, and how blocks are written."""
