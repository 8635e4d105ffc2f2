"""One way to every model server: what is there, which one answers, and whose turn it is."""
