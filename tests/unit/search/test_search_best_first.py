"""What the search hands out, keeps and stops for, case by case."""

import math

import pytest
from search_helpers import do, expand, progress, result, results, stop

from engine.protocol import StopReason
from engine.search import (
    DynamicSchedule,
    Expand,
    FixedSchedule,
    NodeState,
    Result,
    Retry,
    Search,
    Wait,
)
from engine.search.drawing import draw
from engine.values import Candidate, Failed, Solved

TWO = DynamicSchedule(a=2, b=0)  # keeps 2 of 10, always


def search(schedule: DynamicSchedule | FixedSchedule = TWO, **options: object) -> Search:
    options.setdefault("budget", 100.0)
    return Search(progress("root", 7), schedule, **options)  # type: ignore[arg-type]


def texts(s: Search) -> list[str]:
    return [node.text for node in s.graph.nodes]


# Expansions.


def test_the_root_comes_first_with_what_lean_calls_it() -> None:
    assert search().next(0.0) == Expand(node=0, samples=10, keep=2, state_id=7, text="root")


def test_n_follows_the_used_share_of_the_budget() -> None:
    s = search(DynamicSchedule(), budget=10.0)
    assert (s.current_n(0.0), s.current_n(1.0), s.current_n(10.0)) == (18, 14, 7)
    do(s, "a b", elapsed=0.0)
    assert expand(s, elapsed=1.0).samples == 70
    assert s.statistics().n_over_time == [(0.0, 18), (1.0, 14)]


def test_the_most_likely_path_is_expanded_first() -> None:
    s = search(FixedSchedule(9))
    expand(s)
    s.tell(0, [result(0, "a", -1.0), result(1, "b", -1.5)])
    s.finish(0)
    assert expand(s).text == "a"
    s.tell(1, [result(0, "aa", -0.1), result(1, "ab", -0.9)])
    s.finish(1)
    assert [expand(s).text for _ in range(3)] == ["aa", "b", "ab"]


def test_equals_are_expanded_in_order_of_insertion() -> None:
    s = search(FixedSchedule(9))
    expand(s)
    s.tell(0, [result(rank, text, -1.0) for rank, text in enumerate("cab")])
    s.finish(0)
    assert [expand(s).text for _ in range(3)] == ["c", "a", "b"]


def test_a_better_path_makes_an_open_node_and_what_lies_below_a_known_one_better() -> None:
    s = search(FixedSchedule(9))
    expand(s)
    s.tell(0, [result(0, "a", -1.0), result(1, "far", -5.0), result(2, "b", -4.0)])
    s.finish(0)
    both = [expand(s), expand(s)]
    assert [step.text for step in both] == ["a", "b"]
    s.tell(both[1].node, [result(0, "bb", -3.0)])
    s.finish(both[1].node)
    assert expand(s).text == "far"  # -5, before bb at -7
    s.tell(both[0].node, [result(0, "b", -0.5), result(1, "far", -3.5)])
    s.finish(both[0].node)
    assert {n.text: n.log_prob for n in s.graph.nodes}["b"] == -4.0, "only next() grows the tree"
    assert isinstance(s.next(1.0), Expand)
    assert {n.text: n.log_prob for n in s.graph.nodes} == {
        "root": 0.0,
        "a": -1.0,
        "far": -4.5,
        "b": -1.5,
        "bb": -4.5,
    }


def test_a_raised_node_is_handed_out_once_and_before_what_it_overtook() -> None:
    s = search(FixedSchedule(9))
    expand(s)
    s.tell(0, [result(0, "a", -1.0), result(1, "b", -3.0), result(2, "c", -4.0)])
    s.finish(0)
    expand(s)
    s.tell(1, [result(0, "c", -0.5)])
    s.finish(1)
    assert [expand(s).text, expand(s).text] == ["c", "b"]
    assert s.next(0.0) == Wait()


def test_several_expansions_can_be_in_flight_then_it_waits() -> None:
    s = search()
    do(s, "a b")
    assert [expand(s).text, expand(s).text] == ["a", "b"]
    assert s.in_flight == 2
    assert s.next(0.0) == Wait()


# What is kept.


def test_the_first_n_that_succeed_by_rank_are_kept_in_whatever_order_they_come() -> None:
    s = search()
    expand(s)
    for item in reversed(results("! a ! b c d")):
        s.tell(0, [item])
    s.finish(0)
    s.next(0.0)
    assert texts(s) == ["root", "a", "b"]


def test_fixed_sampling_keeps_all_that_succeed() -> None:
    s = search(FixedSchedule(9))
    do(s, "! a ! b c d")
    s.next(0.0)
    assert texts(s) == ["root", "a", "b", "c", "d"]


def test_a_known_state_does_not_count_towards_n() -> None:
    s = search()
    do(s, "root a a b c")
    s.next(0.0)
    assert texts(s) == ["root", "a", "b"]
    assert s.statistics().duplicates == 2


def test_states_of_earlier_expansions_do_not_count_either() -> None:
    s = search()
    do(s, "a b")
    do(s, "b root c d e")
    s.next(0.0)
    assert texts(s) == ["root", "a", "b", "c", "d"]


def test_a_state_that_two_expansions_in_flight_find_counts_for_both() -> None:
    s = search()
    do(s, "a b")
    for step in (expand(s), expand(s)):
        s.tell(step.node, results("c d e"))
        s.finish(step.node)
    s.next(0.0)
    assert texts(s) == ["root", "a", "b", "c", "d"]


def test_children_enter_before_the_slow_ones_are_known_if_they_are_sure_to_be_kept() -> None:
    s = search(max_expansions=2)
    expand(s)
    s.tell(0, [result(1, "a"), result(3, "b")])
    assert expand(s).text == "a"  # rank 0 is still out, but a is at worst the second success
    assert texts(s) == ["root", "a"]
    s.tell(0, [result(0, "!")])
    s.next(0.0)
    assert texts(s) == ["root", "a"]  # rank 2 is still out: b could be the third
    s.tell(0, [result(2, "!")])
    s.next(0.0)
    assert texts(s) == ["root", "a", "b"]


def test_what_is_not_told_before_finish_counts_as_failed() -> None:
    s = search()
    expand(s)
    s.tell(0, [result(8, "a"), result(9, "b")])
    s.finish(0)
    s.next(0.0)
    assert texts(s) == ["root", "a", "b"]


def test_late_answers_are_ignored() -> None:
    s = search()
    do(s, "a")
    s.tell(0, [result(1, "late")])
    s.next(0.0)
    assert texts(s) == ["root", "a"]
    assert s.statistics().tried == 1


def test_the_first_answer_for_a_rank_counts() -> None:
    s = search()
    expand(s)
    s.tell(0, [result(0, "a"), result(0, "b")])
    s.finish(0)
    s.next(0.0)
    assert texts(s) == ["root", "a"]


@pytest.mark.parametrize(
    ("node", "bad", "message"),
    [
        (1, result(0, "a"), "no node 1"),
        (-1, result(0, "a"), "no node -1"),
        (0, result(-1, "a"), "from 0"),
        (0, result(10, "a"), "rank 10 of 10 samples"),
        (0, result(3, "a", math.nan), "no log-probability"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_of_it_recorded(
    node: int, bad: Result, message: str
) -> None:
    s = search()
    expand(s)
    with pytest.raises(ValueError, match=message):
        s.tell(node, [result(1, "b"), bad])
    s.finish(0)
    s.next(0.0)
    assert texts(s) == ["root"]


# Skipping what cannot matter.


def test_wanted_until_n_new_states_with_smaller_rank_are_known() -> None:
    s = search()
    expand(s)
    s.tell(0, [result(4, "a"), result(5, "a"), result(6, "root")])
    assert s.wanted(0, 9)
    s.tell(0, [result(7, "b")])
    assert not s.wanted(0, 8)
    assert [s.wanted(0, rank) for rank in (0, 3, 4)] == [True, True, False]
    s.tell(0, [result(1, "c")])
    assert [s.wanted(0, rank) for rank in (0, 2, 3, 6)] == [True, True, True, False]


def test_nothing_is_wanted_of_a_node_that_is_not_in_flight_or_of_a_search_that_is_over() -> None:
    s = search()
    assert not s.wanted(0, 0)
    expand(s)
    assert s.wanted(0, 0)
    assert s.wanted(0, 99, extra=True)
    assert not s.wanted(0, 10)
    s.tell(0, [result(3, ".")])
    assert not s.wanted(0, 0)
    s = search()
    expand(s)
    s.cancel()
    assert not s.wanted(0, 0)


# Proofs.


def test_a_proof_ends_the_search_at_once_whatever_its_rank() -> None:
    s = search()
    do(s, "a")
    step = expand(s)
    s.tell(step.node, results("x y z"))
    s.tell(step.node, [result(9, ".")])
    assert stop(s) == stop(s, 1e9)
    assert stop(s).reason is StopReason.PROVED
    assert stop(s).proof == ("t0", "t9")


@pytest.mark.parametrize("reason", [StopReason.BUDGET, StopReason.CANCELLED])
def test_a_proof_that_comes_after_a_stop_counts(reason: StopReason) -> None:
    s = search()
    expand(s)
    if reason is StopReason.CANCELLED:
        s.cancel()
    assert stop(s, 100.0).reason is reason
    s.tell(0, [result(0, "ignored"), result(1, ".")])
    assert stop(s, 100.0).proof == ("t1",)
    assert texts(s) == ["root"]


def test_a_refused_proof_is_a_failure() -> None:
    s = search()
    expand(s)
    s.tell(0, [Result(0, Candidate("t", -1.0), Failed("depends on sorry"))])
    s.finish(0)
    assert stop(s).reason is StopReason.NOTHING_OPEN


def test_steps_that_the_proof_does_not_need_are_dropped() -> None:
    s = search(FixedSchedule(9))
    expand(s)
    s.tell(0, [result(0, "a", -0.1), result(1, "c", -9.0)])
    s.finish(0)
    do(s, "b")
    do(s, "c")
    step = expand(s)
    assert step.text == "c"
    assert s.path(step.node) == ("t1",)
    assert s.path(step.node, as_found=True) == ("t1",)
    s.tell(step.node, [result(0, ".")])
    assert stop(s).proof == ("t1", "t0")


def test_a_short_path_that_turns_up_late_shortens_the_proof_but_not_the_path_as_found() -> None:
    s = search(FixedSchedule(9))
    expand(s)
    s.tell(0, [result(0, "a", -0.1)])
    s.next(0.0)
    s.tell(1, [result(0, "b", -0.1)])
    expand(s)
    s.tell(0, [result(5, "b", -8.0)])
    s.next(0.0)
    assert s.path(2) == ("t5",)
    assert s.path(2, as_found=True) == ("t0", "t0")
    s.tell(2, [result(0, ".")])
    assert stop(s).proof == ("t5", "t0")


def test_the_proof_that_was_verified_is_the_one_that_is_given() -> None:
    s = search(FixedSchedule(9))
    expand(s)
    s.tell(0, [result(0, "a", -0.1)])
    s.next(0.0)
    s.tell(1, [result(0, "b", -0.1)])
    expand(s)
    s.tell(0, [result(5, "b", -8.0)])
    s.tell(2, [result(0, ".")], proof=("t0", "t0", "t0"))
    assert stop(s).proof == ("t0", "t0", "t0")
    assert [edge.tactic for edge in s.proof_edges()] == ["t0", "t0", "t0"]


def test_of_two_proofs_the_shorter_is_given_then_the_likelier() -> None:
    s = search(FixedSchedule(9))
    do(s, "a")
    expand(s)
    s.tell(1, [result(0, "."), result(1, "b")])
    s = search(FixedSchedule(9))
    expand(s)
    s.tell(0, [result(0, "a")])
    s.next(0.0)
    s.tell(1, [result(0, ".")])
    s.tell(0, [result(4, ".", -9.0), result(3, ".", -8.0)])
    assert stop(s).proof == ("t3",)


def test_of_two_paths_that_are_equal_the_one_known_first_is_given() -> None:
    s = search(FixedSchedule(9))
    expand(s)
    s.tell(0, [result(0, "a", -1.0), result(1, "b", -1.0)])
    s.finish(0)
    for rank in (2, 3):
        step = expand(s)
        s.tell(step.node, [result(rank, "c", -1.0)])
        s.finish(step.node)
    s.next(0.0)
    assert s.path(3) == ("t0", "t2")


# Why it stops.


def test_nothing_open() -> None:
    s = search()
    do(s, "! ! root")
    assert stop(s).reason is StopReason.NOTHING_OPEN
    assert stop(s, 1e9).reason is StopReason.NOTHING_OPEN


def test_nothing_is_open_only_when_nothing_is_in_flight() -> None:
    s = search()
    expand(s)
    assert s.next(0.0) == Wait()


def test_budget_reached_is_budget_used_up() -> None:
    s = search(budget=10.0)
    do(s, "a", elapsed=9.999)
    assert stop(s, 10.0).reason is StopReason.BUDGET
    assert stop(s, 0.0).reason is StopReason.BUDGET, "a stop lasts"
    assert stop(search(budget=0.0)).reason is StopReason.BUDGET


def test_max_expansions_waits_for_the_last_one() -> None:
    s = search(max_expansions=1)
    expand(s)
    s.tell(0, results("a b c"))
    assert s.next(0.0) == Wait()
    s.finish(0)
    assert stop(s).reason is StopReason.EXPANSIONS
    assert stop(search(max_expansions=0)).reason is StopReason.EXPANSIONS


def test_cancelled() -> None:
    s = search()
    do(s, "a")
    s.cancel()
    assert stop(s).reason is StopReason.CANCELLED
    assert stop(s).proof is None


def test_a_proof_comes_before_every_other_reason() -> None:
    s = search(budget=1.0, max_expansions=1)
    expand(s)
    s.tell(0, [result(0, ".")])
    s.finish(0)
    s.cancel()
    assert stop(s, 2.0).reason is StopReason.PROVED


# Going on.


def test_extending_goes_on_where_it_was_with_n_counted_against_the_new_budget() -> None:
    s = search(DynamicSchedule(), budget=10.0)
    do(s, "a b", elapsed=0.0)
    in_flight = expand(s, 9.0)
    assert in_flight.text == "a"
    s.tell(in_flight.node, results("c"))
    assert stop(s, 10.0).reason is StopReason.BUDGET
    assert [node.state for node in s.graph.nodes[:3]] == [
        NodeState.EXPANDED,
        NodeState.OPEN,
        NodeState.OPEN,
    ]
    s.extend(90.0)
    assert s.budget == 100.0
    again = expand(s, 10.0)
    assert (again.text, again.keep) == ("a", 14)
    assert texts(s) == ["root", "a", "b", "c"], "what was sure to be kept stays"


def test_a_resumed_expansion_does_not_keep_n_more() -> None:
    s = search()
    expand(s)
    s.tell(0, results("a b"))
    assert stop(s, 100.0).reason is StopReason.BUDGET
    s.extend(1.0)
    do(s, "a b c d", elapsed=100.0)
    s.next(100.0)
    assert texts(s) == ["root", "a", "b"]


def test_extending_a_cancelled_and_a_bounded_search() -> None:
    s = search(max_expansions=1)
    s.cancel()
    assert stop(s).reason is StopReason.CANCELLED
    s.extend(0.0)
    do(s, "a b")
    assert stop(s).reason is StopReason.EXPANSIONS
    s.extend(5.0)
    assert stop(s).reason is StopReason.EXPANSIONS
    s.extend(0.0, expansions=1)
    assert expand(s).text == "a"


def test_a_search_that_is_proved_stays_so() -> None:
    s = search()
    do(s, ".")
    assert stop(s).reason is StopReason.PROVED
    s.extend(10.0)
    assert stop(s).proof == ("t0",)


def test_an_expansion_given_back_is_handed_out_again() -> None:
    s = search()
    expand(s)
    s.tell(0, results("a"))
    s.finish(0, reopen=True)
    assert s.in_flight == 0
    assert expand(s).text == "root"
    assert texts(s) == ["root", "a"]


@pytest.mark.parametrize(
    "options",
    [
        {"budget": -1.0},
        {"budget": math.nan},
        {"max_expansions": -1},
        {"extra_log_prob": 0.1},
        {"extra_log_prob": math.nan},
    ],
)
def test_arguments_that_make_no_sense_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must be at"):
        search(**options)
    with pytest.raises(ValueError, match="less than nothing"):
        search().extend(-1.0)


# The repertoire.


def test_extras_are_outside_samples_and_n_and_enter_first_with_the_constant() -> None:
    s = search(extra_log_prob=-2.5)
    expand(s)
    s.tell(0, results("a b c"))
    s.tell(0, [result(55, "x", 0.0, extra=True), result(3, "y", 0.0, extra=True)])
    s.finish(0)
    s.next(0.0)
    assert texts(s) == ["root", "y", "x", "a", "b"]
    assert [node.log_prob for node in s.graph.nodes] == [0.0, -2.5, -2.5, -1.0, -2.0]


def test_a_state_that_an_extra_finds_too_still_counts_for_the_generator() -> None:
    s = search()
    expand(s)
    s.tell(0, [result(0, "a", extra=True), *results("a b c")])
    s.finish(0)
    s.next(0.0)
    assert texts(s) == ["root", "a", "b"]
    assert s.graph.nodes[1].log_prob == -1.0, "the better of the two"


def test_without_a_log_probability_extras_only_close_the_goal() -> None:
    s = search(extra_log_prob=None)
    expand(s)
    s.tell(0, [result(0, "a", extra=True)])
    s.finish(0)
    assert stop(s).reason is StopReason.NOTHING_OPEN
    s = search(extra_log_prob=None)
    expand(s)
    s.tell(0, [result(1, ".", extra=True)])
    assert stop(s).proof == ("e1",)


# Trying again what timed out.


def test_time_outs_are_retried_once_when_nothing_is_open() -> None:
    s = search(retry_timed_out=True)
    do(s, "? a ! ? b ?")
    do(s, "?")
    do(s, "!")
    retry = s.next(0.0)
    assert isinstance(retry, Retry)
    assert (retry.node, retry.state_id, retry.text) == (0, 7, "root")
    assert [c.rank for c in retry.candidates] == [0, 3], "rank 5 is behind the first two"
    assert retry.candidates[0].seconds == 1.0
    assert s.next(0.0) == Wait()
    assert s.wanted(0, 0)
    assert not s.wanted(0, 5)
    s.tell(0, [result(0, "c"), result(3, "?")])
    s.finish(0)
    assert do(s, "!").text == "c"
    second = s.next(0.0)
    assert isinstance(second, Retry)
    assert second.text == "a"
    s.tell(second.node, [result(0, ".")])
    assert stop(s).proof == ("t1", "t0")


def test_a_retry_that_was_abandoned_is_asked_for_again_and_its_node_not_expanded_again() -> None:
    s = search(retry_timed_out=True)
    do(s, "? ?")
    first = s.next(0.0)
    assert isinstance(first, Retry)
    s.tell(0, [result(1, "!")])
    assert stop(s, 100.0).reason is StopReason.BUDGET
    s.extend(1.0)
    again = s.next(100.0)
    assert isinstance(again, Retry)
    assert [c.rank for c in again.candidates] == [0]
    s.finish(0)
    assert stop(s, 100.0).reason is StopReason.NOTHING_OPEN


def test_without_the_option_a_time_out_is_a_failure() -> None:
    s = search()
    do(s, "? ?")
    assert stop(s).reason is StopReason.NOTHING_OPEN
    assert s.statistics().timed_out == 2


# Widening.


def test_with_nothing_open_the_likeliest_node_is_expanded_again_twice_as_wide() -> None:
    s = search(widen=True)
    do(s, "a b c")
    do(s, "!")
    do(s, "!")
    again = expand(s, 7.0)
    assert again == Expand(0, 20, 4, state_id=7, text="root", wider=True)
    assert [s.wanted(0, rank) for rank in (0, 2, 3, 19, 20)] == [False, False, True, True, False]
    s.tell(0, [result(3, "d"), result(4, "e")])
    s.finish(0)
    assert expand(s, 7.0).text == "c"
    assert texts(s) == ["root", "a", "b", "c", "d"], "the first four, those before among them"
    assert s.graph.root.n == 4
    assert s.statistics().n_over_time[3] == (7.0, 4)


def test_those_that_were_least_often_widened_come_first() -> None:
    s = search(widen=True)
    do(s, "a")
    do(s, "!")
    asked = []
    for _ in range(4):
        step = expand(s)
        asked.append((step.text, step.samples))
        s.finish(step.node)
    assert asked == [("root", 20), ("a", 20), ("root", 40), ("a", 40)]


def test_a_search_that_is_as_wide_as_can_be_has_nothing_open() -> None:
    s = search(FixedSchedule(64), widen=True)
    do(s, "!")
    for samples in (128, 256):
        step = expand(s)
        assert (step.samples, step.keep) == (samples, None)
        s.finish(0)
    assert stop(s).reason is StopReason.NOTHING_OPEN


def test_where_the_generator_is_spent_only_what_was_left_out_is_tried() -> None:
    s = search(widen=True)
    expand(s)
    s.tell(0, results("a b"))
    s.finish(0, spent=True)
    for _ in range(2):
        step = expand(s)
        s.finish(step.node, spent=True)
    assert expand(s).text == "root", "behind the second there may be a third"
    s.finish(0, spent=True)
    assert stop(s).reason is StopReason.NOTHING_OPEN


def test_time_outs_are_retried_before_anything_is_widened() -> None:
    s = search(widen=True, retry_timed_out=True)
    do(s, "?")
    assert isinstance(s.next(0.0), Retry)
    s.tell(0, [result(0, "!")])
    s.finish(0)
    assert expand(s).wider


def test_a_widened_expansion_that_was_abandoned_is_asked_for_again_with_what_was_told() -> None:
    s = search(widen=True, max_expansions=4)
    do(s, "!")
    step = expand(s)
    s.tell(0, [result(1, "!"), result(2, "a")])
    assert stop(s, 100.0).reason is StopReason.BUDGET
    assert s.graph.root.state is NodeState.EXPANDED
    s.extend(100.0)
    assert do(s, "!", 100.0).text == "a"
    assert expand(s, 100.0) == step
    assert [s.wanted(0, rank) for rank in (0, 1, 2, 3)] == [False, False, False, True]
    s.finish(0)
    assert stop(s, 100.0).reason is StopReason.EXPANSIONS
    assert texts(s) == ["root", "a"]


# Looking at it.


def test_statistics() -> None:
    s = search(FixedSchedule(9))
    do(s, "a ! b", elapsed=0.5)
    do(s, "c ? b", elapsed=1.5)
    s.next(2.0)
    statistics = s.statistics()
    assert statistics.expansions == 3
    assert statistics.nodes == 4
    assert statistics.open_nodes == 1
    assert statistics.depth == 2
    assert statistics.nodes_per_depth == [1, 2, 1]
    assert (statistics.tried, statistics.succeeded) == (6, 4)
    assert (statistics.failed, statistics.timed_out, statistics.duplicates) == (1, 1, 1)
    assert statistics.n_over_time == [(0.5, 9), (1.5, 9), (2.0, 9)]


def test_best_open_is_what_next_would_hand_out_or_what_is_in_flight() -> None:
    s = search()
    best = s.best_open()
    assert best is not None
    assert best.text == "root"
    expand(s)
    assert s.best_open() is best
    s.tell(0, results("a b"))
    s.finish(0)
    assert expand(s).text == "a"
    best = s.best_open()
    assert best is not None
    assert best.text == "b"
    do(s, "!")
    s.finish(1)
    s.next(0.0)
    assert s.best_open() is None


def test_the_drawing() -> None:
    s = search(FixedSchedule(9))
    expand(s)
    s.tell(0, [*results("a b"), result(0, "c", extra=True)])
    s.finish(0)
    do(s, "b root")
    do(s, "!")
    expand(s)
    s.tell(1, [Result(4, Candidate("exact\n  h", -4.0), Solved())])
    s.next(0.0)
    assert draw(s) == (
        "#0 0.00 @1: root\n"
        "|-* e0 + (-4.16) -> #1 -4.16 @4 open: c\n"
        "|   `-* exact h (-4.00) -> proved\n"
        "|-- t0 (-1.00) -> #2 -1.00 @2: a\n"
        "|   |-- t0 (-1.00) -> #3 again\n"
        "|   `-- t1 (-2.00) -> #0 again\n"
        "`-- t1 (-2.00) -> #3 -2.00 @3 dead end: b\n"
    )
