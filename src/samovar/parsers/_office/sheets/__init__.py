"""XLSX: numbers as people see them, cells, and the tables that stand on a sheet."""
