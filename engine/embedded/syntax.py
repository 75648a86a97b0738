"""From Lean 3 text to syntax trees: the part of the language that the core knows.

What it does not know is refused by name with :class:`Unknown`, so that nobody takes a refusal for
a wrong statement; what cannot be read at all is a :class:`Mistake`.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from engine.embedded.prelude import NOTATION
from engine.source import lexer
from engine.source.vocabulary import KEYWORDS

if TYPE_CHECKING:
    from collections.abc import Callable


class Mistake(Exception):  # noqa: N818 - not all of them are ours
    """The text is wrong, as Lean would find; ``start`` is where, in code points."""

    def __init__(self, message: str, start: int | None = None) -> None:
        super().__init__(message)
        self.start = start


class Unknown(Mistake):
    """The text may be right, but the core does not know what it uses."""

    def __init__(self, what: str, start: int | None = None) -> None:
        super().__init__(f"the embedded core does not know {what}", start)


def need(condition: object, otherwise: str, start: int | None = None) -> None:
    """Raises :class:`Mistake` unless ``condition`` holds."""
    if not condition:
        raise Mistake(otherwise, start)


@dataclass(frozen=True, slots=True)
class Binder:
    """``(names : type)``; ``info`` is the opening bracket, ``(`` where there is none."""

    names: tuple[str, ...]
    type: Node | None
    info: str = "("


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of syntax: its kind, its first code point, its word, its parts, what it binds.

    The kind of a command or a tactic is its keyword. Of a declaration, ``text`` is the name,
    ``type`` the statement, and the only part, unless it is an axiom or a constant, the body.
    """

    kind: str
    start: int
    text: str = ""
    kids: tuple[Node, ...] = ()
    binders: tuple[Binder, ...] = ()
    type: Node | None = None


def words(text: str) -> frozenset[str]:
    """The words of ``text``."""
    return frozenset(text.split())


_SAME = {"->": "→", "<-": "←", "fun": "λ", "Π": "∀", "ℕ": "nat"}
_LARGEST_NUMERAL = 1000  # ℕ is unary here; larger ones would be slow
_DECLARATIONS = words("theorem lemma example def axiom constant")
_LACKED = words("let if match do have suffices calc assume show suppose obtain")
_RESERVED = KEYWORDS | _LACKED | words("with at in from begin by using generalizing then else λ")
_RESERVED |= words("sorry Prop Type Sort end")
_PUNCTUATION = words(") ] } ⟩ , ; <|> := : | ← ⊢ ( [ { ⟨ @ # .") | {""}
_NAME = re.compile(lexer.NAME)
TACTICS: dict[str, str] = {
    **dict.fromkeys(words("assumption refl reflexivity symmetry exfalso contradiction"), ""),
    **dict.fromkeys(words("trivial split left right constructor skip sorry admit"), ""),
    **dict.fromkeys(words("exact refine apply subst"), "term"),
    "intro": "name?", "intros": "names", "transitivity": "term?", "existsi": "terms",
    "rw": "rules", "rewrite": "rules", "cases": "with", "induction": "with",
    "try": "block", "repeat": "block", "all_goals": "block",
}  # fmt: skip
"""The tactics, and the shape of what follows their name."""


class Parser:
    """Reads from left to right: ``word`` comes next, at ``start``; at the end it is empty."""

    def __init__(self, text: str) -> None:
        # What is not closed at the end of the text swallows the mark behind it.
        tokens = [(begin, end) for _, begin, end in lexer.tokenize(text + "\n\0")]
        closed = tokens and tokens[-1][0] > len(text)
        need(closed, "a comment or a string is not closed", len(text))
        self._words = [text[begin:end] for begin, end in tokens]  # the mark is the empty word
        self._starts = [begin for begin, _ in tokens]
        self._glued = [False, *(a[1] == b[0] for a, b in itertools.pairwise(tokens))]
        self._at = 0
        self._look()

    def next(self) -> str:
        """Takes the next word."""
        before = self.word
        self._at += bool(before)
        self._look()
        return before

    def _look(self) -> None:
        word, self.start = self._words[self._at], self._starts[self._at]
        self.word = _SAME.get(word, word)
        self._is_word = _NAME.fullmatch(word) is not None

    def takes(self, *words: str) -> bool:
        """Takes the next word if it is one of these."""
        found = self.word in words
        if found:
            self.next()
        return found

    def needs(self, word: str) -> None:
        """Takes the next word, which must be this one."""
        if not self.takes(word):
            self.fail(f"`{word}` expected")

    def fail(self, why: str) -> NoReturn:
        """Says what is wrong with the next word."""
        if self.word not in _PUNCTUATION and (not self._is_word or "«" in self.word):
            raise Unknown(f"`{self.word}`", self.start)
        raise Mistake(f"{why}, but `{self.word}` found" if self.word else why, self.start)

    def ends(self) -> None:
        """Refuses what is left over."""
        if self.word:
            self.fail("the end expected")

    def _sees_name(self) -> bool:
        return self._is_word and self.word not in _RESERVED and "«" not in self.word

    def _name(self) -> str:
        if not self._sees_name():
            self.fail("a name expected")
        return self.next()

    def _names(self) -> tuple[str, ...]:
        names = []
        while self._sees_name():
            need("." not in self.word, "a name without a dot expected", self.start)
            names.append(self.next())
        return tuple(names)

    def _list(self, read: Callable[[], Node], stop: str) -> tuple[Node, ...]:
        """What stands between a bracket, which has been taken, and its other half."""
        items = [] if self.word == stop else [read()]
        while items and self.takes(","):
            items.append(read())
        self.needs(stop)
        return tuple(items)

    def term(self, precedence: int = 0) -> Node:
        """Reads a term of at least this precedence."""
        left = self._operand()
        while True:
            sign = self.word
            _, lower, right = NOTATION.get(sign, ("", -1, 0))
            if lower < 0 and sign not in _PUNCTUATION and not self._is_word:
                raise Unknown(f"`{sign}`", self.start)
            if lower <= precedence:
                return left
            self.next()
            left = Node("op", left.start, sign, (left, self.term(right)))

    def _operand(self) -> Node:
        start, word = self.start, self.word
        if self.takes("¬"):
            return Node("not", start, "", (self.term(40),))
        if self.takes("λ", "∀", "∃"):
            binders = self._binders()
            self.needs(",")
            body = self.term()
            if self.word in (";", "<|>"):  # in Lean, the body goes on over these
                raise Unknown(f"`{self.word}` behind an open term", self.start)
            return Node({"∀": "pi", "∃": "exists", "λ": "lam"}[word], start, "", (body,), binders)
        if word in _LACKED:
            raise Unknown(f"`{word}`", start)
        head = self._atom()
        if head is None:
            self.fail("a term expected")
        arguments = [head]
        while (argument := self._atom()) is not None:
            arguments.append(argument)
        return Node("app", start, "", tuple(arguments)) if len(arguments) > 1 else head

    def _atom(self) -> Node | None:
        start, word = self.start, self.word
        if self.takes("Prop", "Type", "Sort"):
            level = word != "Prop" and (self._sees_name() or self.word.isdigit())
            if word != "Prop" and self.word in ("(", "max", "imax"):
                raise Unknown("universe levels that are not names or numbers", start)
            if level or (self.word == "*" and self._glued[self._at]):
                word += f" {self.next()}"
            return Node("sort", start, word)
        if self.takes("begin", "by"):
            node = Node(
                "tactics", start, "", self._block("end") if word == "begin" else (self.tactic(),)
            )
        elif self.takes("sorry"):
            node = Node("sorry", start)
        elif self._sees_name():
            node = Node("hole" if word == "_" else "name", start, self.next())
        elif word.isdecimal() and word.isascii():
            if len(word) > 9 or int(word) > _LARGEST_NUMERAL:
                raise Unknown(f"numerals above {_LARGEST_NUMERAL}", start)
            node = Node("number", start, self.next())
        elif self.takes("("):
            node = self.term()
            node = Node("typed", start, "", (node, self.term())) if self.takes(":") else node
            self.needs(")")
        elif self.takes("⟨"):
            node = Node("anonymous", start, "", self._list(self.term, "⟩"))
        elif self.takes("@"):
            node = Node("explicit", start, self._name())
        else:
            return None
        while self._glued[self._at] and self.word[:1] == "." and len(self.word) > 1:
            node = Node("field", start, self.next()[1:], (node,))
        return node

    def _binders(self, *, bare: bool = True) -> tuple[Binder, ...]:
        """Arguments in brackets and, where ``bare``, at least one, with or without them."""
        binders = []
        while self.word in ("(", "{", "[", "⦃", "⟨") or (bare and self._sees_name()):
            start, opening = self.start, "" if self._is_word else self.next()
            closing = {"(": ")", "{": "}", "": ""}.get(opening)
            if closing is None or self.word == "{":
                raise Unknown(f"arguments in `{opening}`", start)
            names = self._names() or (self._name(),)
            kind = self.term() if self.takes(":") else None
            if self.word == ":=":
                raise Unknown("default values of arguments", self.start)
            binders.append(Binder(names, kind, opening or "("))
            if closing:
                self.needs(closing)
            elif kind is not None:
                break
        if bare and not binders:
            self.fail("an argument expected")
        return tuple(binders)

    def _block(self, stop: str) -> tuple[Node, ...]:
        tactics = self.tactic_run(stop)
        self.needs(stop)
        return tactics

    def tactic_run(self, stop: str = "") -> tuple[Node, ...]:
        """Tactics with commas between them, up to the word ``stop`` or the end."""
        tactics: list[Node] = []
        while self.word not in (stop, ""):
            tactics.append(self.tactic())
            if not self.takes(","):
                break
        return tuple(tactics)

    def tactic(self, precedence: int = 0) -> Node:
        """Reads tactics joined by ``;`` and ``<|>``, of which the latter binds more tightly."""
        left = self._one_tactic()
        while True:
            if precedence <= 2 and self.takes("<|>"):
                left = Node("orelse", left.start, "", (left, self.tactic(2)))
            elif precedence < 1 and self.takes(";"):
                if self.word == "[":
                    raise Unknown("`; [ ]`", self.start)
                left = Node("then", left.start, "", (left, self.tactic(1)))
            else:
                return left

    def _one_tactic(self) -> Node:
        start, name = self.start, self.word
        if self.takes("{", "begin"):
            return Node("block", start, "", self._block("end" if name == "begin" else "}"))
        if name not in TACTICS:
            if self._is_word and name not in KEYWORDS:
                raise Unknown(f"the tactic `{name}`", start)
            self.fail("a tactic expected")
        self.next()
        text, kids, shape = "", tuple[Node, ...](), TACTICS[name]
        if shape == "block" or (name in ("sorry", "admit") and self.word == "{"):
            self.needs("{")
            kids = (Node("tactics", start, "", self._block("}")),)
        elif shape == "names":
            text = " ".join(self._names())
        elif shape == "name?":
            text = self._name() if self._sees_name() else ""
        elif shape in ("terms", "rules"):
            read = self.term if shape == "terms" else self._rule
            kids = self._list(read, "]") if self.takes("[") else (read(),)
            text = self._places() if shape == "rules" else ""
        elif shape and (shape != "term?" or self.word not in ("", ",", ";", "<|>", "}", "end")):
            kids = (self.term(),)
            if shape == "with" and self.word in (":", "using", "generalizing"):
                raise Unknown(f"`{name} … {self.word}`", self.start)
            text = " ".join(self._names()) if shape == "with" and self.takes("with") else ""
        return Node(name, start, text, kids)

    def _rule(self) -> Node:
        start = self.start
        return Node("rule", start, "←" if self.takes("←") else "", (self.term(),))

    def _places(self) -> str:
        places = []
        if self.takes("at"):
            if self.word == "*":
                raise Unknown("`rw … at *`", self.start)
            while self._sees_name() or self.word == "⊢":
                places.append(self.next())
            need(places, "the name of a hypothesis expected", self.start)
        return " ".join(places)

    def command(self) -> Node | None:
        """The next command, or None at the end of the text."""
        start, word = self.start, self.word
        if not word:
            return None
        if word not in KEYWORDS | {"@", "#"}:
            self.fail("a command expected")
        self.next()
        if word in _DECLARATIONS:
            return self._declaration(word, start)
        if word in ("namespace", "section", "end"):
            return Node(word, start, self._name() if self._sees_name() else "")
        if word in ("variable", "variables"):
            return Node(word, start, binders=self._binders())
        if word in ("open", "universe", "universes"):
            names = [self._name()]
            while self._sees_name():
                names.append(self.next())
            if self.word == "(" or {"as", "hiding", "renaming"} & set(names):
                raise Unknown("`open … (…)`", self.start)
            return Node(word, start, " ".join(names))
        shown = {"@": "attributes (`@[…]`)", "#": "commands that begin with `#`"}
        raise Unknown(shown.get(word, f"`{word}`"), start)

    def _declaration(self, word: str, start: int) -> Node:
        if self.word == "{" and word != "example":
            raise Unknown("universes of a declaration of its own", start)
        name = "" if word == "example" else self._name()
        binders = self._binders(bare=False)
        kind = self.term() if self.takes(":") else None
        if self.word == "|":
            raise Unknown("definitions by pattern matching (`|`)", self.start)
        if kind is None and word not in ("def", "example"):
            self.fail("`:` and a statement expected")
        body: tuple[Node, ...] = ()
        if word not in ("axiom", "constant"):
            end = self.start + len(":=")
            self.needs(":=")
            empty = not self.word or self.word in KEYWORDS
            body = (Node("sorry", end) if empty else self.term(),)
        return Node(word, start, name, body, binders, kind)
