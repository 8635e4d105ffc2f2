"""DOCX: styles, numbers of lists, paragraphs, tables and notes."""
