"""The search for a proof: the graph, the sampling schedules, and best-first as ask and tell.

Pure: no clock, no I/O, no randomness; :mod:`engine.prove` drives it.
"""

from engine.search.best_first import (
    CLOSING_LOG_PROB,
    EXTRA_LOG_PROB,
    Expand,
    Result,
    Retry,
    Search,
    Solution,
    Step,
    Stop,
    TimedOutCandidate,
    Wait,
)
from engine.search.drawing import draw
from engine.search.graph import Edge, Graph, Node, NodeState
from engine.search.picture import picture
from engine.search.schedule import DynamicSchedule, FixedSchedule, Plan, Schedule

__all__ = [
    "CLOSING_LOG_PROB",
    "EXTRA_LOG_PROB",
    "DynamicSchedule",
    "Edge",
    "Expand",
    "FixedSchedule",
    "Graph",
    "Node",
    "NodeState",
    "Plan",
    "Result",
    "Retry",
    "Schedule",
    "Search",
    "Solution",
    "Step",
    "Stop",
    "TimedOutCandidate",
    "Wait",
    "draw",
    "picture",
]
