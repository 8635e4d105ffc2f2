"""Measures against values worked out by hand."""

import pytest

from samovar.retrieval.evaluation.metrics import Ranking, mean_metrics, ndcg, percentile, recall, reciprocal_rank


@pytest.mark.parametrize(
    ("ranks", "right", "cut", "expected"),
    [
        ((1,), 1, 1, 1.0),
        ((2,), 1, 1, 0.0),
        ((2,), 1, 5, 1.0),
        ((11,), 1, 10, 0.0),
        ((), 1, 10, 0.0),
        # Of two right units one has room at the first place.
        ((1, 2), 2, 1, 1.0),
        ((1, 7), 2, 5, 0.5),
        ((3, 7), 2, 10, 1.0),
        ((3,), 2, 10, 0.5),
    ],
)
def test_recall_is_the_share_of_the_right_units_that_have_room(
    ranks: tuple[int, ...], right: int, cut: int, expected: float
) -> None:
    assert recall(ranks, right, cut) == expected


@pytest.mark.parametrize(
    ("ranks", "expected"), [((1,), 1.0), ((4,), 0.25), ((3, 5), 1 / 3), ((10,), 0.1), ((11,), 0.0), ((), 0.0)]
)
def test_the_reciprocal_rank_is_that_of_the_first_right_unit_among_ten(ranks: tuple[int, ...], expected: float) -> None:
    assert reciprocal_rank(ranks, 10) == expected


@pytest.mark.parametrize(
    ("ranks", "right", "expected"),
    [
        ((1,), 1, 1.0),
        ((2,), 1, 0.63092975),  # 1 / log2(3)
        ((3,), 1, 0.5),  # 1 / log2(4)
        ((1, 2), 2, 1.0),
        ((1, 3), 2, 0.91972079),  # 1.5 / (1 + 0.63092975)
        ((3,), 2, 0.30657360),  # 0.5 / 1.63092975
        ((11,), 1, 0.0),
        ((), 1, 0.0),
    ],
)
def test_discounted_gain_is_measured_against_the_best_order(
    ranks: tuple[int, ...], right: int, expected: float
) -> None:
    assert ndcg(ranks, right, 10) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([7.0], 95, 7.0), ([1.0, 3.0], 50, 2.0), ([4.0, 1.0, 3.0, 2.0, 5.0], 50, 3.0), ([0.0, 10.0, 20.0], 95, 19.0)],
)
def test_a_percentile_lies_between_neighbours_in_proportion(
    values: list[float], percent: float, expected: float
) -> None:
    assert percentile(values, percent) == pytest.approx(expected)


def test_the_body_has_the_names_that_scripts_rely_on() -> None:
    rankings = [
        Ranking(ranks=(1,), right=1, took_ms=10.0),
        Ranking(ranks=(4,), right=1, took_ms=20.0),
        Ranking(ranks=(), right=1, took_ms=30.0),
        Ranking(ranks=(2, 20), right=2, took_ms=40.0),
    ]
    assert mean_metrics(rankings).body() == {
        "recall@1": 0.25,
        "recall@5": 0.625,  # 1, 1, 0 and a half
        "recall@10": 0.625,
        "mrr@10": 0.4375,  # (1 + 1/4 + 0 + 1/2) / 4
        "ndcg@10": 0.4544,  # (1 + 1/log2(5) + 0 + 0.63092975/1.63092975) / 4
        "p50_ms": 25.0,
        "p95_ms": 38.5,
    }
