"""A vision projector of five megabytes, trained from nothing, so that tests can show a picture to a real model.

It sees one or two coloured shapes. For each picture it emits 16 vectors that are, as nearly as it can, the
language model's own token embeddings of a caption: the model then reads the caption as if it had been typed.
"""
