"""What keeps a model from taking part in search, and search from being measured."""

from samovar.domain.errors.root import SamovarError

__all__ = ["DatasetInvalid", "EmbedderUnavailable", "RerankerUnavailable", "RetrievalError"]


class RetrievalError(SamovarError):
    """The root of everything that keeps a model from taking part in search."""


class EmbedderUnavailable(RetrievalError):
    """The embedding model makes no vectors now."""

    code = "embedder_unavailable"
    sentence = "The embedding model {embedder} cannot be used: {reason}."
    hint = "Search goes on by words alone. Check `retrieval.embedder` in samovar.toml; `samovar doctor` tells more."


class RerankerUnavailable(RetrievalError):
    """The re-ranking model scores nothing now."""

    code = "reranker_unavailable"
    sentence = "The re-ranker {reranker} cannot be used: {reason}."
    hint = "Passages stay in the order in which they were found. Check `retrieval.reranker` in samovar.toml."


class DatasetInvalid(SamovarError):
    """A file of questions with known answers that does not have the form of SQuAD."""

    code = "dataset_invalid"
    sentence = "{name} cannot be used as a data set: {reason}."
    hint = "It is JSON in the form of SQuAD: data, paragraphs, context, qas with id, question and answers."
