"""What the product promises of citations and refusals, on a corpus of a seed of its own."""

from samovar.cli.eval_grounding import measure_in
from samovar.retrieval.evaluation.grounding_corpus import make_corpus
from samovar.storage import PostgresStorage


def test_a_corpus_follows_from_its_seed() -> None:
    assert make_corpus(7, documents=10) == make_corpus(7, documents=10)
    assert make_corpus(7, documents=10) != make_corpus(8, documents=10)


async def test_what_is_wrong_is_flagged_and_what_is_true_is_borne_out(storage: PostgresStorage) -> None:
    report = await measure_in(storage, make_corpus(20_260, documents=40))
    mistakes = "\n".join(f"{one.kind}: {one.text} {one.found}" for one in report.mistakes)
    assert report.flagged.of > 500
    assert report.flagged.value == 1.0, mistakes
    assert report.verified.value >= 0.99, mistakes
    assert report.refused.value >= 0.95, mistakes
    assert report.answered.value >= 0.95, mistakes
    assert report.precision.value >= 0.99, mistakes
