"""From Lean 3 text to syntax trees: the part of the language that the core knows.

What it does not know is refused by name with :class:`Unknown`, so that nobody takes a refusal for
a wrong statement; what cannot be read at all is a :class:`Mistake`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

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


@dataclass(frozen=True, slots=True)
class Binder:
    """``(names : type)``; ``info`` is the opening bracket, ``(`` where there is none."""

    names: tuple[str, ...]
    type: Node | None
    info: str = "("


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of syntax: its kind, its first code point, its word, its parts, what it binds.

    The kind of a command or a tactic is its keyword; a declaration's parts are its statement (or
    None) and, unless it is an axiom or a constant, its body.
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
_INFIX = {  # what stands left needs the first precedence, what stands right more than the second
    "↔": (20, 20), "→": (25, 24), "∨": (30, 29), "∧": (35, 34), "=": (50, 50), "≠": (50, 50),
    "+": (65, 65), "*": (70, 70),
}  # fmt: skip
LARGEST_NUMERAL = 1000
"""ℕ is unary here; larger numerals would be slow."""

DECLARATIONS = words("theorem lemma example def axiom constant")
_LACKED = words("let if match do have suffices calc assume show suppose obtain")
"""Words that begin terms of Lean that the core lacks."""
_RESERVED = KEYWORDS | _LACKED | words("with at in from begin by using generalizing then else")
_RESERVED |= words("sorry λ Prop Type Sort end")
_PUNCTUATION = words(") ] } ⟩ , ; <|> := : | ← ⊢ ( [ { ⟨ @ # . ") | {""}
TACTICS: dict[str, str] = {
    **dict.fromkeys(
        words("assumption refl reflexivity symmetry exfalso contradiction trivial split left right")
        | words("constructor skip sorry admit"),
        "",
    ),
    "intro": "name?", "intros": "names", "exact": "term", "refine": "term", "apply": "term",
    "transitivity": "term?", "existsi": "terms", "rw": "rules", "rewrite": "rules", "subst": "term",
    "cases": "with", "induction": "with", "try": "block", "repeat": "block", "all_goals": "block",
}  # fmt: skip
"""The tactics, and the shape of what follows their name."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the text; ``glued`` says that nothing stands between it and the one before."""

    text: str
    start: int
    glued: bool
    is_word: bool


def tokenize(text: str) -> list[Token]:
    """The tokens of ``text``; an empty one is the last."""
    tokens, last = [], -1
    # What is not closed at the end of the text swallows the mark behind it.
    for code, start, end in lexer.tokenize(text + "\n\0"):
        word = text[start:end]
        is_word = code != lexer.ATOM and (word[:1].isalpha() or word[:1] == "_")
        if "«" in word or (code == lexer.QUOTE and start < len(text)):
            raise Unknown(f"`{word}`", start)
        tokens.append(Token(_SAME.get(word, word), start, start == last, is_word))
        last = end
    if tokens[-1].start <= len(text):
        raise Mistake("a comment or a string is not closed", tokens[-1].start)
    return tokens


class Parser:
    """Reads tokens from left to right."""

    def __init__(self, text: str) -> None:
        self._tokens = tokenize(text)
        self._at = 0

    # -- tokens ----------------------------------------------------------------------------------

    @property
    def token(self) -> Token:
        """The next token."""
        return self._tokens[self._at]

    def next(self) -> Token:
        """Takes the next token."""
        token = self.token
        self._at += bool(token.text)
        return token

    def takes(self, *words: str) -> bool:
        """Takes the next token if it is one of these words."""
        found = self.token.text in words
        self._at += found
        return found

    def needs(self, word: str) -> None:
        """Takes the next token, which must be this word."""
        if not self.takes(word):
            self.fail(f"`{word}` expected")

    def fail(self, why: str) -> NoReturn:
        """Says what is wrong with the next token."""
        token = self.token
        found = f"`{token.text}`" if token.text else "the end"
        if token.text not in _PUNCTUATION and not token.is_word:
            raise Unknown(found, token.start)
        raise Mistake(f"{why}, but {found} found", token.start)

    def ends(self) -> None:
        """Refuses what is left over."""
        if self.token.text:
            self.fail("the end expected")

    def _sees_name(self) -> bool:
        return self.token.is_word and self.token.text not in _RESERVED

    def name(self) -> str:
        """Takes a name."""
        if not self._sees_name():
            self.fail("a name expected")
        return self.next().text

    def _names(self) -> tuple[str, ...]:
        names = []
        while self._sees_name():
            if "." in self.token.text:
                self.fail("a name without a dot expected")
            names.append(self.next().text)
        return tuple(names)

    def _list(self, read: Callable[[], Node], stop: str) -> tuple[Node, ...]:
        """What stands between a bracket, which has been taken, and its other half."""
        items = [] if self.token.text == stop else [read()]
        while items and self.takes(","):
            items.append(read())
        self.needs(stop)
        return tuple(items)

    # -- terms -----------------------------------------------------------------------------------

    def term(self, precedence: int = 0) -> Node:
        """Reads a term of at least this precedence."""
        left = self._operand()
        while True:
            sign = self.token.text
            lower, right = _INFIX.get(sign, (-1, 0))
            if lower < 0 and sign not in _PUNCTUATION and not self.token.is_word:
                raise Unknown(f"`{sign}`", self.token.start)
            if lower <= precedence:
                return left
            self.next()
            left = Node("op", left.start, sign, (left, self.term(right)))

    def _operand(self) -> Node:
        token = self.token
        if self.takes("¬"):
            return Node("not", token.start, "", (self.term(40),))
        if self.takes("λ", "∀", "∃"):
            binders = self._binders()
            self.needs(",")
            kind = {"∀": "pi", "∃": "exists", "λ": "lam"}[token.text]
            body = self.term()
            if self.token.text in (";", "<|>"):  # in Lean, the body goes on over these
                raise Unknown(f"`{self.token.text}` behind an open term", self.token.start)
            return Node(kind, token.start, "", (body,), binders)
        if token.text in _LACKED:
            raise Unknown(f"`{token.text}`", token.start)
        head = self._atom()
        if head is None:
            self.fail("a term expected")
        arguments = []
        while (argument := self._atom()) is not None:
            arguments.append(argument)
        return Node("app", head.start, "", (head, *arguments)) if arguments else head

    def _atom(self) -> Node | None:
        token = self.token
        start = token.start
        if self.takes("Prop", "Type", "Sort"):
            level = ""
            if self.token.text == "*" and self.token.glued:
                level = self.next().text
            elif token.text != "Prop" and (self._sees_name() or self.token.text.isdigit()):
                level = self.next().text
            elif token.text != "Prop" and self.token.text in ("(", "max", "imax"):
                raise Unknown("universe levels that are not names or numbers", start)
            return Node("sort", start, f"{token.text} {level}")
        if token.text in ("begin", "by"):
            self.next()
            inside = (self.tactic(),) if token.text == "by" else self._tactics("end")
            node = Node("tactics", start, token.text, inside)
        elif self.takes("sorry"):
            node = Node("sorry", start)
        elif self._sees_name():
            node = Node("hole" if token.text == "_" else "name", start, self.next().text)
        elif token.text.isdecimal() and token.text.isascii():
            if len(token.text) > 9 or int(token.text) > LARGEST_NUMERAL:
                raise Unknown(f"numerals above {LARGEST_NUMERAL}", start)
            node = Node("number", start, self.next().text)
        elif self.takes("("):
            node = self.term()
            if self.takes(":"):
                node = Node("typed", start, "", (node, self.term()))
            self.needs(")")
        elif self.takes("⟨"):
            node = Node("anonymous", start, "", self._list(self.term, "⟩"))
        elif self.takes("@"):
            node = Node("explicit", start, self.name())
        else:
            return None
        while self.token.glued and self.token.text[:1] == "." and len(self.token.text) > 1:
            node = Node("field", start, self.next().text[1:], (node,))
        return node

    def _binders(self, *, bare: bool = True) -> tuple[Binder, ...]:
        """Arguments in brackets and, where ``bare``, such without them: there must be some then."""
        binders = []
        while self.token.text in ("(", "{", "[", "⦃", "⟨") or (bare and self._sees_name()):
            opening = self.token
            closing = {"(": ")", "{": "}"}.get(opening.text, "")
            if not opening.is_word:
                self.next()
                if not closing or self.token.text == "{":
                    raise Unknown(f"arguments in `{opening.text}`", opening.start)
            names = self._names()
            if not names:
                self.fail("the name of an argument expected")
            kind = self.term() if self.takes(":") else None
            binders.append(Binder(names, kind, opening.text if closing else "("))
            if self.token.text == ":=":
                raise Unknown("default values of arguments", self.token.start)
            if closing:
                self.needs(closing)
            elif kind is not None:
                break
        if bare and not binders:
            self.fail("an argument expected")
        return tuple(binders)

    # -- tactics ---------------------------------------------------------------------------------

    def _tactics(self, stop: str) -> tuple[Node, ...]:
        tactics = self.tactic_run(stop)
        self.needs(stop)
        return tactics

    def tactic_run(self, stop: str = "") -> tuple[Node, ...]:
        """Tactics with commas between them, up to the word ``stop`` or the end."""
        tactics: list[Node] = []
        while self.token.text not in (stop, ""):
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
                if self.token.text == "[":
                    raise Unknown("`; [ ]`", self.token.start)
                left = Node("then", left.start, "", (left, self.tactic(1)))
            else:
                return left

    def _one_tactic(self) -> Node:
        token = self.next()
        start, name = token.start, token.text
        if name in ("{", "begin"):
            return Node("block", start, "", self._tactics("end" if name == "begin" else "}"))
        shape = TACTICS.get(name)
        if shape is None:
            if token.is_word and name not in KEYWORDS:
                raise Unknown(f"the tactic `{name}`", start)
            raise Mistake(f"a tactic expected, but `{name}` found", start)
        if shape == "block" or (name in ("sorry", "admit") and self.token.text == "{"):
            self.needs("{")
            return Node(name, start, "", (Node("tactics", start, "", self._tactics("}")),))
        if shape == "name?":
            return Node(name, start, self.name() if self._sees_name() else "")
        if shape == "names":
            return Node(name, start, " ".join(self._names()))
        if shape == "term?" and self.token.text in ("", ",", ";", "<|>", "}", "end"):
            return Node(name, start)
        if shape in ("term", "term?"):
            return Node(name, start, "", (self.term(),))
        if shape in ("terms", "rules"):
            read = self.term if shape == "terms" else self._rule
            kids = self._list(read, "]") if self.takes("[") else (read(),)
            return Node(name, start, self._places() if shape == "rules" else "", kids)
        if shape == "with":
            major = self.term()
            if self.token.text in (":", "using", "generalizing"):
                raise Unknown(f"`{name} … {self.token.text}`", self.token.start)
            names = self._names() if self.takes("with") else ()
            return Node(name, start, " ".join(names), (major,))
        return Node(name, start)

    def _rule(self) -> Node:
        start = self.token.start
        return Node("rule", start, "←" if self.takes("←") else "", (self.term(),))

    def _places(self) -> str:
        places = []
        if self.takes("at"):
            if self.token.text == "*":
                raise Unknown("`rw … at *`", self.token.start)
            while self._sees_name() or self.token.text == "⊢":
                places.append(self.next().text)
            if not places:
                self.fail("the name of a hypothesis expected")
        return " ".join(places)

    # -- commands --------------------------------------------------------------------------------

    def command(self) -> Node | None:
        """The next command, or None at the end of the text."""
        token = self.next()
        word, start = token.text, token.start
        if not word:
            return None
        if word in DECLARATIONS:
            return self._declaration(word, start)
        if word in ("namespace", "section", "end"):
            return Node(word, start, self.name() if self._sees_name() else "")
        if word in ("variable", "variables"):
            return Node(word, start, binders=self._binders())
        if word in ("open", "universe", "universes"):
            names = [self.name()]
            while self._sees_name():
                names.append(self.name())
            if self.token.text in ("(", "as", "hiding", "renaming"):
                raise Unknown("`open … (…)`", self.token.start)
            return Node(word, start, " ".join(names))
        if word in KEYWORDS or word in ("@", "#"):
            shown = {"@": "attributes (`@[…]`)", "#": "commands that begin with `#`"}
            raise Unknown(shown.get(word, f"`{word}`"), start)
        raise Mistake(f"a command expected, but `{word}` found", start)

    def _declaration(self, word: str, start: int) -> Node:
        if self.token.text == "{" and word != "example":
            raise Unknown("universes of a declaration of its own", start)
        name = "" if word == "example" else self.name()
        binders = self._binders(bare=False)
        kind = self.term() if self.takes(":") else None
        if kind is None and word not in ("def", "example"):
            self.fail("`:` and a statement expected")
        if self.token.text == "|":
            raise Unknown("definitions by pattern matching (`|`)", self.token.start)
        body: tuple[Node, ...] = ()
        if word not in ("axiom", "constant"):
            end = self.token.start + len(":=")
            self.needs(":=")
            empty = not self.token.text or self.token.text in KEYWORDS
            body = (Node("sorry", end) if empty else self.term(),)
        return Node(word, start, name, body, binders, kind)
