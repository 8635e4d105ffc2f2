"""How a page of a PDF is read: its characters, its lines, its tables, its pictures, and the order of all of them."""
