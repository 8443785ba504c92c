"""Container numbers: each once, from the highest on, whoever asks."""

from concurrent.futures import ThreadPoolExecutor

from autoscaler.adapters.compose.clone.create import Numbers


def test_numbers_go_on_from_the_highest_and_fill_no_gap() -> None:
    numbers = Numbers([1, 7, 3])
    assert [numbers.next(), numbers.next()] == [8, 9]


def test_no_number_is_handed_out_twice_to_callers_side_by_side() -> None:
    numbers = Numbers([1])
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: numbers.next(), range(1000)))
    assert sorted(taken) == list(range(2, 1002))
