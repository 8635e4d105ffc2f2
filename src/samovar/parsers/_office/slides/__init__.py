"""PPTX: shapes with their places, the order in which they are read, and their words."""
