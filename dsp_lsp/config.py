"""The user's settings, ``dsp.*``: one dataclass that the server, the manifest and the docs share.

``python -m dsp_lsp.config`` prints the JSON schema of all settings, as an extension's manifest
wants it under ``contributes.configuration.properties``.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from engine.protocol import GeneratorSettings, SearchOptions, Settings

__all__ = ["Config", "engine_settings", "read", "schema", "search_options"]

SECTION = "dsp"


def _setting(
    default: Any,
    text: str,
    *,
    machine: bool = False,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
) -> Any:
    """A field: its documentation, its bounds, and whether only the machine's owner may set it."""
    about = {"text": text, "machine": machine, "least": least, "above": above, "most": most}
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata=about)
    return field(default=default, metadata=about)


@dataclass(frozen=True, kw_only=True)
class Config:
    """All settings. A field ``lean_path`` is the setting ``dsp.leanPath``.

    Program paths and commands are machine-scoped: an editor must not take them from a workspace.
    """

    lean_path: str = _setting(
        "",
        "Path of Lean 3's `lean`, or `embedded` for the embedded core. Empty: the one on the PATH, "
        "else elan's.",
        machine=True,
    )
    embedded_fallback: bool = _setting(
        True,
        "Where no Lean 3 is found, let the embedded core, which knows a small part of it, serve "
        "documents that import nothing and are in no project. What it proves is inserted only "
        "when you say so.",
    )
    threads: int = _setting(
        0, "How many tactics Lean tries at the same time. 0: the number of cores.", least=0
    )
    memory_mb: int = _setting(6144, "The most memory of a Lean, in megabytes.", least=64)
    heartbeats: int = _setting(
        0,
        "How many thousand memory allocations a tactic may make, which bounds its work and its "
        "memory however fast the machine is. 0: no limit but the time and Lean's memory.",
        least=0,
    )
    max_searches: int = _setting(
        2, "How many searches run at the same time; the others wait in line.", least=1, most=64
    )
    budget: float = _setting(60.0, "Seconds for a search, from its first tactic state.", above=0)
    longer_budgets: list[float] = _setting(  # noqa: RUF009  (it makes a field)
        [300.0, 1200.0], "Seconds of the budgets offered as longer ones.", above=0
    )
    extension: float = _setting(
        600.0, "Seconds that a search is given when it is given more time.", above=0
    )
    sampling: Literal["dynamic", "fixed"] = _setting(
        "dynamic",
        "How many tactics are kept per expansion: `dynamic` is n = a + b·exp(−c·r) for the used "
        "share r of the budget, `fixed` is always the same number.",
    )
    sampling_a: float = _setting(6.0, "The a of n = a + b·exp(−c·r).", above=0)
    sampling_b: float = _setting(12.0, "The b of n = a + b·exp(−c·r).", least=0)
    sampling_c: float = _setting(5.0, "The c of n = a + b·exp(−c·r).", least=0)
    fixed_n: int = _setting(64, "Tactics per expansion with fixed sampling.", least=1)
    tactic_timeout: float = _setting(10.0, "Seconds that a tactic may take at most.", above=0)
    repertoire: bool = _setting(
        True, "Try the repertoire, a fixed list of tactics, before those that a model proposes."
    )
    seed: int = _setting(0, "Seed of the generator's sampling.")
    suggestions: int = _setting(
        10, "How many next tactics are suggested at most.", least=1, most=64
    )
    generator: Literal["auto", "repertoire", "ct2", "torch", "process"] = _setting(
        "auto",
        "What proposes tactics besides the repertoire: `ct2` (CPU) and `torch` run a model, "
        "`process` a program that speaks as `dsp-generator` does, `repertoire` none; `auto` is a "
        "model, on a GPU where that can be, else on the CPU: the small one that comes along, or "
        "the one of `generatorModel`.",
    )
    generator_model: str = _setting(
        "",
        "The model: a folder, or the hub id of one that is on this machine. Empty: the one that "
        "comes along.",
        machine=True,
    )
    generator_command: list[str] = _setting(  # noqa: RUF009
        [], "The program of the generator `process`, and its arguments.", machine=True
    )
    generator_device: str = _setting(
        "auto", "Where the model runs: `auto`, `cpu`, `cuda`, `cuda:1`."
    )
    cache: Literal["use", "fresh", "off"] = _setting(
        "use",
        "Earlier proofs and failures: `use` judges an earlier proof of the same goal again before "
        "it searches, and does not repeat a search that failed in as much time; `fresh` searches "
        "in any case and keeps what it finds; `off` does neither.",
    )
    live: Literal["auto", "inlayHint", "codeLens", "off"] = _setting(
        "auto", "How a running search shows beside its site; `auto` is what the editor can refresh."
    )


_PYTHON_NAMES = {}
for _field in fields(Config):
    _head, *_rest = _field.name.split("_")
    _PYTHON_NAMES[_head + "".join(part.capitalize() for part in _rest)] = _field
_HINTS = get_type_hints(Config)
_TYPES: dict[Any, tuple[str, str]] = {
    str: ("string", "a string"),
    bool: ("boolean", "true or false"),
    int: ("integer", "a whole number"),
    float: ("number", "a number"),
}


def read(values: object) -> tuple[Config, list[str]]:
    """The configuration that a JSON object ``{"budget": 30, …}`` means, and what is wrong with it.

    What is missing, null or wrong gets its default. Each complaint is a sentence.
    """
    if values is None:
        return Config(), []
    if not isinstance(values, Mapping):
        return Config(), [f"The settings `{SECTION}` must be an object; the defaults are used."]
    chosen: dict[str, Any] = {}
    complaints = []
    for name, value in values.items():
        setting = _PYTHON_NAMES.get(str(name))
        if setting is None:
            complaints.append(f"There is no setting `{SECTION}.{name}`.")
        elif value is not None:
            wanted = _objection(setting, value)
            if wanted:
                default = json.dumps(_default(setting))
                complaints.append(
                    f"`{SECTION}.{name}` must be {wanted}, not {_shortened(value)}; "
                    f"{default} is used."
                )
            else:
                chosen[setting.name] = _converted(_HINTS[setting.name], value)
    return Config(**chosen), complaints


def _objection(setting: Any, value: object) -> str:
    """What ``value`` should have been; empty if it is fine."""
    hint = _HINTS[setting.name]
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        return "" if value in choices else "one of " + ", ".join(map(str, choices))
    if get_origin(hint) is list:
        (inner,) = get_args(hint)
        wanted = f"a list of {_TYPES[inner][1].removeprefix('a ')}s{_bounds_text(setting)}"
        fits = isinstance(value, list) and all(_fits(inner, item, setting) for item in value)
        return "" if fits else wanted
    return "" if _fits(hint, value, setting) else _TYPES[hint][1] + _bounds_text(setting)


def _fits(hint: Any, value: object, setting: Any) -> bool:
    if hint in (int, float):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        if not math.isfinite(value) or (hint is int and value != int(value)):
            return False
        about = setting.metadata
        return (
            (about["least"] is None or value >= about["least"])
            and (about["above"] is None or value > about["above"])
            and (about["most"] is None or value <= about["most"])
        )
    return isinstance(value, hint)


def _bounds_text(setting: Any) -> str:
    about = setting.metadata
    parts = []
    if about["least"] is not None:
        parts.append(f"at least {about['least']:g}")
    if about["above"] is not None:
        parts.append(f"above {about['above']:g}")
    if about["most"] is not None:
        parts.append(f"at most {about['most']:g}")
    return f" ({', '.join(parts)})" if parts else ""


def _converted(hint: Any, value: Any) -> Any:
    if get_origin(hint) is list:
        return [_converted(get_args(hint)[0], item) for item in value]
    return hint(value) if hint in (int, float) else value


def _default(setting: Any) -> Any:
    return setting.default if setting.default is not MISSING else setting.default_factory()


def _shortened(value: object) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def schema() -> dict[str, Any]:
    """The JSON schema of each setting, by its full name; ``scope`` as in VS Code's manifest."""
    result: dict[str, Any] = {}
    for name, setting in _PYTHON_NAMES.items():
        about = setting.metadata
        hint = _HINTS[setting.name]
        entry: dict[str, Any] = {"markdownDescription": about["text"]}
        if get_origin(hint) is Literal:
            entry |= {"type": "string", "enum": list(get_args(hint))}
        elif get_origin(hint) is list:
            (inner,) = get_args(hint)
            entry |= {"type": "array", "items": {"type": _TYPES[inner][0], **_bounds(about)}}
        else:
            entry |= {"type": _TYPES[hint][0], **_bounds(about)}
        entry |= {
            "default": _default(setting),
            "scope": "machine" if about["machine"] else "window",
        }
        result[f"{SECTION}.{name}"] = entry
    return result


def _bounds(about: Mapping[str, Any]) -> dict[str, float]:
    names = {"least": "minimum", "above": "exclusiveMinimum", "most": "maximum"}
    return {name: about[key] for key, name in names.items() if about[key] is not None}


def engine_settings(config: Config) -> Settings:
    """What the engine is started with."""
    return Settings(
        lean=config.lean_path or None,
        embedded_fallback=config.embedded_fallback,
        threads=config.threads or None,
        memory_mb=config.memory_mb,
        heartbeats=config.heartbeats,
        generator=GeneratorSettings(
            kind=config.generator,
            model=config.generator_model or None,
            command=list(config.generator_command),
            device=config.generator_device,
        ),
    )


def search_options(config: Config, budget: float | None = None) -> SearchOptions:
    """What a search is started with; ``budget`` replaces the configured one."""
    return SearchOptions(
        budget=config.budget if budget is None else budget,
        sampling=config.sampling,
        a=config.sampling_a,
        b=config.sampling_b,
        c=config.sampling_c,
        fixed_n=config.fixed_n,
        tactic_timeout=config.tactic_timeout,
        first_timeout=min(1.5, config.tactic_timeout),
        seed=config.seed,
        repertoire=config.repertoire,
        cache=config.cache,
    )


if __name__ == "__main__":
    json.dump(schema(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
