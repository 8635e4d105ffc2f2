"""Protocol servers that stand in for Ollama, LM Studio, Foundry Local and others.

Each speaks one server's HTTP interface as its public documents describe it: paths, forms, statuses, errors. There is
no model behind: answers are made of words by a rule, so they are always the same, and a picture is named by its
main colour. ``python -m tools.stand_ins ollama --port 11434`` runs one by hand; tests run them in their own process.
"""
