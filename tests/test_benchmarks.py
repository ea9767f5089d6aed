"""What the benchmark of waiting measures, and how it says what came out; no figure itself is promised."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

from benchmarks.waiting import plans, ratios, table
from benchmarks.waiting_row import Plan, Row


def row(subject: str, waiting: int, figure: float) -> Row:
    """Make a row, all of whose figures are the same."""
    return Row(subject, "transform", waiting, False, figure, figure, figure, figure, figure, figure, figure)


def test_both_sides_are_measured_alike_where_memory_allows() -> None:
    """Each count of tasks has both sides, but not a thousand of the provider's with a role, each of 25 MiB."""
    planned = Counter(plans([20, 1000]))
    assert set(planned.values()) == {1}
    assert {plan for plan in planned if plan.subject == "provider"} == {
        Plan("provider", "transform", 20, False),
        Plan("provider", "transform", 20, True),
        Plan("provider", "transform", 1000, False),
    }
    ours = {plan for plan in planned if plan.subject == "ours"}
    assert {plan._replace(subject="ours") for plan in planned} == ours
    assert {(plan.kind, plan.waiting) for plan in ours} == {
        (kind, waiting) for kind in ("job", "transform", "capacity") for waiting in (20, 1000)
    }


def test_a_written_row_has_the_keys_that_readers_know() -> None:
    """The file of results keeps its form."""
    assert set(asdict(row("ours", 20, 1.0))) == {
        "subject",
        "kind",
        "waiting",
        "assumed_role",
        "requests_per_minute",
        "requests_per_round",
        "longest_block_s",
        "start_cpu_s",
        "cpu_s_per_minute",
        "memory_mib",
        "end_to_event_s",
    }


def test_the_table_has_a_line_for_each_row() -> None:
    """Headings, then the rows in order, each beginning with what it is about."""
    headings, *lines = table([row("ours", 20, 1.0), row("provider", 20, 2.0)])
    assert headings.split()[0] == "requests/min"
    assert [line.split(":")[0] for line in lines] == ["ours", "provider"]
    assert lines[1].split()[-7:] == ["2.00"] * 7


def test_only_what_was_measured_alike_is_compared() -> None:
    """A ratio needs both sides at the same count."""
    lines = list(ratios([row("ours", 20, 2.0), row("ours", 200, 2.0), row("provider", 20, 6.0)]))
    assert len(lines) == 1
    assert lines[0].startswith("The provider's 20 tasks: 3 x requests/min, ")
