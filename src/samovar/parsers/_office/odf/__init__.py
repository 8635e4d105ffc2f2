"""OpenDocument: styles, lists, text, tables and frames. Source: OpenDocument 1.3 (OASIS, 2021)."""
