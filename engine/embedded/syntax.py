"""From Lean 3 text to syntax trees: the part of the language that the core knows.

Where the text goes on in another way, it is refused by name with :class:`Unknown`: what is wrong in
Lean too and what only the core lacks are not told apart here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from engine.embedded.prelude import NOTATION
from engine.source import lexer
from engine.source.vocabulary import KEYWORDS, words

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
class Node:
    """A piece of syntax: its kind, its first code point, its word, its parts, what it binds.

    The kind of a command or a tactic is its keyword; of a binder it is the opening bracket, ``(``
    where there is none, ``text`` its names, and its part the type, if given. Of a declaration,
    ``text`` is the name, and the parts are the statement and, if there is one, the body.
    """

    kind: str
    start: int
    text: str = ""
    kids: tuple[Node, ...] = ()
    binders: tuple[Node, ...] = ()


_SAME = {"->": "→", "<-": "←", "fun": "λ", "Π": "∀", "ℕ": "nat"}
_LARGEST_NUMERAL = 1000  # ℕ is unary here; larger ones would be slow
_RESERVED = KEYWORDS | words(
    "let if match do have suffices calc assume show suppose obtain with at in from begin by using "
    "generalizing then else λ sorry Prop Type Sort end"
)
_NAME = re.compile(lexer.NAME)
_TACTIC_SIGNS = {";": 1, "<|>": 2}
"""How tightly they bind."""
TACTICS: dict[str, str] = {
    **dict.fromkeys(words("assumption refl reflexivity symmetry exfalso contradiction"), ""),
    **dict.fromkeys(words("trivial split left right skip sorry admit"), ""),
    **dict.fromkeys(words("exact refine apply subst"), "term"),
    "intro": "names", "intros": "names", "transitivity": "term?", "existsi": "terms",
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
        self._text, self._tokens = text, iter(tokens)
        self.word, self._end = "\0", -1
        self.next()

    def next(self) -> str:
        """Takes the next word."""
        before, end = self.word, self._end
        if before:
            self.start, self._end = next(self._tokens)
            word = self._text[self.start : self._end]
            self.word, self._glued = _SAME.get(word, word), self.start == end
            named = _NAME.fullmatch(word) and word not in _RESERVED and "«" not in word
            self._is_name = bool(named)
        return before

    def takes(self, *words: str) -> bool:
        """Takes the next word if it is one of these."""
        return self.word in words and self.next() != ""

    def needs(self, word: str) -> None:
        """Takes the next word, which must be this one, or the end."""
        if self.word != word:
            self.fail()
        self.next()

    def fail(self) -> NoReturn:
        """Refuses the next word."""
        raise Unknown(f"`{self.word}` here" if self.word else "a text that ends here", self.start)

    def _name(self) -> str:
        return self.next() if self._is_name else self.fail()

    def _names(self, *also: str) -> str:
        """As many names as there are, and words of ``also``; with dots in them if that has one."""
        names = []
        while self.word in also or (self._is_name and ("." in also or "." not in self.word)):
            names.append(self.next())
        return " ".join(names)

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
            _, lower, right = NOTATION.get(sign, ("", 0, 0))
            if lower <= precedence:
                return left
            self.next()
            left = Node("op", left.start, sign, (left, self.term(right)))

    def _operand(self) -> Node:
        start, word = self.start, self.word
        if self.takes("¬"):
            return Node("not", start, "", (self.term(40),))
        if self.takes("λ", "∀", "∃"):
            binders = self._binders(typed=False) or self.fail()
            self.needs(",")
            body = self.term()
            if self.word in _TACTIC_SIGNS:  # in Lean, the body goes on over these
                self.fail()
            return Node(word, start, "", (body,), binders)
        arguments = [self._atom() or self.fail()]
        while (argument := self._atom()) is not None:
            arguments.append(argument)
        return Node("app", start, "", tuple(arguments)) if len(arguments) > 1 else arguments[0]

    def _atom(self) -> Node | None:
        start, word = self.start, self.word
        if self.takes("Prop", "Type", "Sort"):
            level = word != "Prop" and (
                self._is_name or self.word.isdecimal() or self.word in ("(", "*")
            )
            return Node("sort", start, f"{word} {self.next() if level else ''}")
        if self.takes("begin"):
            node = Node("tactics", start, "", self.tactic_run("end"))
        elif self.takes("by"):
            node = Node("tactics", start, "", (self.tactic(),))
        elif self.takes("sorry"):
            node = Node("sorry", start)
        elif self._is_name:
            node = Node("hole" if word == "_" else "name", start, self.next())
        elif word.isdecimal() and word.isascii():
            if int(word[:9]) > _LARGEST_NUMERAL:
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
        while self._glued and self.word[:1] == "." and len(self.word) > 1:
            node = Node("field", start, self.next()[1:], (node,))
        return node

    def _binders(self, *, bare: bool = True, typed: bool = True) -> tuple[Node, ...]:
        """Arguments in brackets and, where ``bare``, without them; ``typed``: with their types."""
        binders = []
        while self.word in ("(", "{") or (bare and self._is_name):
            start, opening = self.start, "" if self._is_name else self.next()
            names = self._names() or self.fail()
            kind = (self.term(),) if self.takes(":") else ()
            if typed and not kind:
                self.fail()
            binders.append(Node(opening or "(", start, names, kind))
            if opening:
                self.needs({"(": ")", "{": "}"}[opening])
            elif kind:
                break
        return tuple(binders)

    def tactic_run(self, stop: str = "") -> tuple[Node, ...]:
        """Tactics with commas between them, up to the word ``stop`` or the end."""
        tactics: list[Node] = []
        while self.word != stop and (not tactics or self.takes(",")) and self.word != stop:
            tactics.append(self.tactic())
        self.needs(stop)
        return tuple(tactics)

    def tactic(self, precedence: int = 0) -> Node:
        """Reads tactics joined by ``;`` and ``<|>``."""
        left = self._one_tactic()
        while (level := _TACTIC_SIGNS.get(self.word, 0)) > precedence:
            left = Node(self.next(), left.start, "", (left, self.tactic(level)))
        return left

    def _one_tactic(self) -> Node:
        start, name = self.start, self.word
        if self.takes("{", "begin"):
            return Node("block", start, "", self.tactic_run("end" if name == "begin" else "}"))
        if name not in TACTICS:
            raise Unknown(f"the tactic `{name}`", start)
        self.next()
        text, kids, shape = "", tuple[Node, ...](), TACTICS[name]
        if shape == "block" or (name in ("sorry", "admit") and self.word == "{"):
            self.needs("{")
            kids = (Node("tactics", start, "", self.tactic_run("}")),)
        elif shape == "names":
            text = self._names()
        elif shape in ("terms", "rules"):
            read = self.term if shape == "terms" else self._rule
            kids = self._list(read, "]") if self.takes("[") else (read(),)
            if shape == "rules" and self.takes("at"):
                text = self._names("⊢") or self.fail()
        elif shape and (shape != "term?" or self.word not in ("", ",", ";", "<|>", "}", "end")):
            kids = (self.term(),)
            text = self._names() if shape == "with" and self.takes("with") else ""
        return Node(name, start, text, kids)

    def _rule(self) -> Node:
        start = self.start
        return Node("rule", start, "←" if self.takes("←") else "", (self.term(),))

    def command(self) -> Node | None:
        """The next command, or None at the end of the text."""
        start, word = self.start, self.word
        if self.takes("theorem", "lemma", "example", "def", "axiom", "constant"):
            return self._declaration(word, start)
        if self.takes("namespace", "section", "end"):
            return Node(word, start, self._name() if self._is_name else "")
        if self.takes("variable", "variables"):
            return Node(word, start, binders=self._binders() or self.fail())
        if self.takes("open"):
            return Node(word, start, self._names(".") or self.fail())
        return self.fail() if word else None

    def _declaration(self, word: str, start: int) -> Node:
        name = "" if word == "example" else self._name()
        binders = self._binders(bare=False)
        self.needs(":")
        parts = [self.term()]
        if word not in ("axiom", "constant"):
            end = self.start + len(":=")
            self.needs(":=")
            empty = not self.word or self.word in KEYWORDS
            parts.append(Node("sorry", end) if empty else self.term())
        return Node(word, start, name, tuple(parts), binders)
