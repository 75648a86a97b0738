"""The wire between the engine's process and whoever starts it: JSON-RPC 2.0 over stdio.

Plain dataclasses over the standard library; both sides import this module and nothing else of each
other. Requests: ``initialize``, ``environment``, ``diagnose``, ``prove``, ``extend``, ``cancel``,
``suggest``, ``propose``, ``verify``, ``verifyTogether``, ``tree``, ``cache``, ``shutdown``. The
engine sends the notification ``progress``, at most ten times a second and job. Positions are
offsets in code points; durations are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, TypeAlias

PROTOCOL_VERSION = 1

INITIALIZE = "initialize"
ENVIRONMENT = "environment"
DIAGNOSE = "diagnose"
PROVE = "prove"
EXTEND = "extend"
CANCEL = "cancel"
SUGGEST = "suggest"
PROPOSE = "propose"
VERIFY = "verify"
VERIFY_TOGETHER = "verifyTogether"
TREE = "tree"
CACHE = "cache"
SHUTDOWN = "shutdown"
PROGRESS = "progress"

ENGINE_ERROR_CODE = -32001
"""JSON-RPC error code of an :class:`EngineError`; its fields travel in ``data``."""

PROGRESS_INTERVAL = 0.1
"""Least number of seconds between two progress notifications of a job."""


class ErrorKind(str, Enum):
    """Whose turn it is: the text's author, the machine's owner, or ours."""

    INPUT = "input"
    ENVIRONMENT = "environment"
    INTERNAL = "internal"


class EngineError(Exception):
    """An expected failure: one sentence that says what is wrong and one that says what to do.

    ``line`` (1-based) and ``column`` (0-based, code points) point into the document where the
    failure has a place there.
    """

    def __init__(
        self,
        message: str,
        *,
        remedy: str = "",
        kind: ErrorKind = ErrorKind.INPUT,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.kind = kind
        self.line = line
        self.column = column


class JobState(str, Enum):
    """Where a search is in its life."""

    QUEUED = "queued"
    OPENING = "opening"
    SEARCHING = "searching"
    VERIFYING = "verifying"
    FINISHED = "finished"


class StopReason(str, Enum):
    """Why a search stopped."""

    PROVED = "proved"
    BUDGET = "budget"
    NOTHING_OPEN = "nothing open"
    EXPANSIONS = "expansions"
    CANCELLED = "cancelled"


SandboxMode: TypeAlias = Literal["auto", "required", "off"]
"""Whether Lean runs in a sandbox: where one works, always (else it does not run), or never."""


@dataclass(frozen=True, kw_only=True)
class GeneratorSettings:
    """What proposes tactics, besides the repertoire in front of it.

    ``kind``: ``repertoire`` needs no model; ``ct2`` and ``torch`` run ``model`` in a process of
    their own, on the CPU and with torch; ``process`` starts ``command``, which is then expected to
    speak as ``dsp-generator`` does, here or on another machine; ``auto`` is ``process`` where there
    is a command, else the best that runs ``model`` or the default model, else the repertoire.

    ``model``: a folder, or the hub id of a model that was downloaded or converted before; None for
    the one that the environment's ``DSP_LSP_MODEL`` names, else the one that comes along.
    ``device`` (``auto``, ``cpu``, ``cuda``, ``cuda:1``) and ``compute_type`` (``auto``, ``int8``,
    ``float32``, ``bfloat16``) are told to the process, and so is ``threads``: how many the model
    uses on the CPU, None for half of the cores. ``decoding``: beam search, as in the paper's
    baseline, or sampling. States longer than ``max_state_bytes`` are cut; tactics longer than
    ``max_tactic_bytes`` are dropped. The process gets ``start_timeout`` seconds to load the model,
    and ``sample_timeout`` for each state; it ends when nobody has asked it for ``idle_seconds``.
    """

    kind: Literal["auto", "repertoire", "ct2", "torch", "process"] = "auto"
    model: str | None = None
    command: list[str] = field(default_factory=list)
    device: str = "auto"
    compute_type: str = "auto"
    threads: int | None = None
    decoding: Literal["beam", "sampling"] = "beam"
    max_state_bytes: int = 2048
    max_tactic_bytes: int = 256
    start_timeout: float = 120.0
    sample_timeout: float = 60.0
    idle_seconds: float = 300.0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What holds for the life of an engine process.

    ``lean``: path of the program, None to find it (PATH, elan), or ``embedded`` for the embedded
    core. ``embedded_fallback``: whether that core may stand in where no Lean 3 is found, for texts
    that import nothing and are in no project. ``threads``: how many tactics
    Lean runs at the same time; None for the number of cores. ``memory_mb``: the most memory of a
    Lean. ``heartbeats``: how many thousand memory allocations a tactic may make, 0
    for no limit; it does not depend on how fast or busy the machine is. ``generator``: what
    proposes tactics.

    ``warm``: whether Leans stay, with their imports loaded, for the next site; at most
    ``warm_processes`` of them, ``warm_memory_mb`` together, each for ``warm_idle_seconds`` without
    work. ``warm_holes``: how many searches share one before another is started for the same
    imports; with 1 none ever share. Without ``warm`` each search starts a Lean of its own.
    """

    lean: str | None = None
    embedded_fallback: bool = False
    threads: int | None = None
    memory_mb: int = 6144
    heartbeats: int = 0
    sandbox: SandboxMode = "auto"
    generator: GeneratorSettings = field(default_factory=GeneratorSettings)
    warm: bool = True
    warm_processes: int = 3
    warm_memory_mb: int = 4096
    warm_idle_seconds: float = 300.0
    warm_holes: int = 8


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """One search's parameters; the defaults are an editor's (paper section 3.4 for a, b, c).

    A tactic gets ``first_timeout`` seconds, and ``tactic_timeout`` when nothing better is open;
    with ``first_timeout`` None it gets ``tactic_timeout`` at once, as in the paper.
    ``max_expansions`` bounds the search besides the ``budget``. ``repertoire`` puts the repertoire
    in front of the generator. With ``widen``, a search that has nothing open uses the rest of its
    budget to expand again, with more candidates (the paper's ends there).

    ``cache``: with ``use``, a proof that was found before is judged in place before anything is
    searched, and a search that has failed on the same terms is not repeated; with ``fresh`` the
    search runs in any case; both keep what they find. ``off`` does neither.
    """

    budget: float = 60.0
    sampling: Literal["dynamic", "fixed"] = "dynamic"
    a: float = 6.0
    b: float = 12.0
    c: float = 5.0
    fixed_n: int = 64
    max_expansions: int | None = None
    tactic_timeout: float = 10.0
    first_timeout: float | None = 1.5
    seed: int = 0
    repertoire: bool = True
    widen: bool = True
    cache: Literal["use", "fresh", "off"] = "off"


@dataclass(frozen=True, kw_only=True)
class InitializeResult:
    """The engine's greeting."""

    protocol_version: int
    engine_version: str
    pid: int


@dataclass(frozen=True, kw_only=True)
class EnvironmentParams:
    """Asks what Lean a document at ``path`` would meet (``path`` may be a folder)."""

    path: str


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The Lean that serves a document.

    ``default_imports`` are what a bare statement is checked under: the project's ``all`` if it has
    one, else ``tactic`` where mathlib is there, else nothing.
    """

    lean: str
    lean_version: str
    project_root: str | None
    search_path: list[str]
    mathlib: bool
    default_imports: list[str]
    generator: str
    device: str


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at: what it is, how it stands, and what to do about it."""

    name: str
    status: Literal["ok", "warning", "problem"]
    message: str
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """The answer to ``diagnose``, for what serves documents at a path: never an error."""

    checks: list[Check]


@dataclass(frozen=True, kw_only=True)
class ProveParams:
    """Asks for a proof of the site of ``text`` that starts at code point ``site``.

    ``path`` is where the text lives (for its project and relative imports), or where it would.
    ``job`` is the caller's name for the search, unique among those that still matter. With
    ``extendable`` false a search without a proof is over at once: its Lean serves others. With
    ``together`` true the verdict speaks of the declaration alone, with what stands before it: the
    caller has the proof judged in the whole text, with others (``verifyTogether``).
    """

    job: str
    text: str
    site: int
    path: str | None = None
    extendable: bool = True
    together: bool = False
    options: SearchOptions = field(default_factory=SearchOptions)


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """What a search did. ``nodes_per_depth[d]`` counts nodes at depth d (paper, Figure 9);
    ``n_over_time`` pairs elapsed seconds with n at each expansion (Figure 8).
    ``refused`` counts proofs that Lean accepted in the hole and refused in place.
    """

    expansions: int = 0
    nodes: int = 0
    open_nodes: int = 0
    depth: int = 0
    tried: int = 0
    succeeded: int = 0
    failed: int = 0
    timed_out: int = 0
    duplicates: int = 0
    refused: int = 0
    nodes_per_depth: list[int] = field(default_factory=list)
    n_over_time: list[tuple[float, int]] = field(default_factory=list)
    seconds_generator: float = 0.0
    seconds_lean: float = 0.0
    seconds_verify: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ProgressReport:
    """A job's progress, for bars and hovers.

    ``n`` is the current number of tactics kept per expansion; ``best_goal`` what Lean prints for
    the best open node.
    """

    job: str
    state: JobState
    elapsed: float
    budget: float
    n: int = 0
    expansions: int = 0
    nodes: int = 0
    open_nodes: int = 0
    depth: int = 0
    tried: int = 0
    succeeded: int = 0
    timed_out: int = 0
    tactics_per_second: float = 0.0
    best_goal: str = ""
    generator: str = ""
    device: str = ""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the final check said of the spliced document, and who gave it.

    ``axioms`` are those the proof rests on; ``sorries`` names the declarations through which it
    depends on a ``sorry`` that was there before; ``message`` says why it was refused, or, of one
    that was accepted, which error the document has elsewhere.
    """

    accepted: bool
    checker: str
    seconds: float
    axioms: list[str] = field(default_factory=list)
    sorries: list[str] = field(default_factory=list)
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class ProveResult:
    """How a search ended. With status ``proved``, replacing the code points ``start:end`` of the
    text by ``replacement`` gives the document that ``verdict`` is about; ``milliseconds`` is what
    Lean needs for the proof's tactics alone, where it was measured. ``goals`` is how many were open
    at the site, which rendering ``steps`` anew needs to know. ``cached``: where nothing was
    searched, the note that says whose answer this is; a proof was verified here all the same.
    ``generator`` and ``device``: the name of what was asked last, and where it runs.
    """

    job: str
    status: Literal["proved", "not found"]
    stop_reason: StopReason
    goal: str
    elapsed: float
    statistics: Statistics
    goals: int = 1
    steps: list[str] = field(default_factory=list)
    start: int = 0
    end: int = 0
    replacement: str = ""
    verdict: Verdict | None = None
    milliseconds: float | None = None
    generator: str = ""
    device: str = ""
    notes: list[str] = field(default_factory=list)
    cached: str = ""


@dataclass(frozen=True, kw_only=True)
class ExtendParams:
    """Goes on with a search that stopped without a proof, for ``seconds`` more."""

    job: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class JobParams:
    """Names a job, for ``cancel`` and ``tree``."""

    job: str


@dataclass(frozen=True, kw_only=True)
class TreeResult:
    """A job's search tree as a picture and as text."""

    svg: str
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class SuggestParams:
    """Asks for next tactics at a site, each tried in Lean, best first, at most ``limit``."""

    text: str
    site: int
    path: str | None = None
    limit: int = 16
    options: SearchOptions = field(default_factory=SearchOptions)


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A tactic that succeeds at the site; ``goals`` is 0 where it closes it."""

    tactic: str
    goals: int
    state: str
    log_prob: float | None = None


@dataclass(frozen=True, kw_only=True)
class SuggestResult:
    """The tactic state at the site, how many goals are open, and the tactics that succeed there."""

    goal: str
    suggestions: list[Suggestion]
    goals: int = 1


@dataclass(frozen=True, kw_only=True)
class ProposeParams:
    """Asks what the generator proposes for a tactic ``state``, as Lean prints it; untried.

    At most ``limit`` tactics that begin with ``prefix``. ``path`` says which Lean is meant, for
    what the repertoire has there.
    """

    state: str
    prefix: str = ""
    limit: int = 16
    path: str | None = None
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class ProposeResult:
    """The proposed tactics, best first."""

    tactics: list[str]


@dataclass(frozen=True, kw_only=True)
class VerifyParams:
    """Asks for a verdict on ``text`` with ``replacement`` at the site that starts at ``site``.

    For a proof that was found in an earlier version of the text. The answer is a :class:`Verdict`;
    a refusal is one, too.
    """

    text: str
    site: int
    replacement: str
    path: str | None = None


@dataclass(frozen=True, kw_only=True)
class GivenProof:
    """What is to stand at the site that starts at ``site``."""

    site: int
    replacement: str


@dataclass(frozen=True, kw_only=True)
class VerifyTogetherParams:
    """Asks for a verdict on ``text`` with all of ``proofs``, whose sites do not overlap, in it."""

    text: str
    proofs: list[GivenProof]
    path: str | None = None


@dataclass(frozen=True, kw_only=True)
class Verdicts:
    """The verdicts on several proofs in their order. When all accept, they speak of the text that
    has all of the proofs, and that text has no error which the one without them does not have.
    """

    verdicts: list[Verdict]


@dataclass(frozen=True, kw_only=True)
class CacheParams:
    """Asks what the cache of proofs holds, after ``prune`` has forgotten what was not used for
    ``days``, or ``clear`` everything.
    """

    action: Literal["show", "prune", "clear"] = "show"
    days: float = 90.0


@dataclass(frozen=True, kw_only=True)
class CacheState:
    """The cache: its file, its bytes, what it holds, and how much was removed just now."""

    path: str
    size: int
    proofs: int
    failures: int
    removed: int = 0
