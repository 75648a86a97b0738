"""From Lean 3 text to syntax trees: the part of the language that the core knows.

What it does not know is refused by name with :class:`Unknown`, so that nobody takes a refusal for
a wrong statement; what cannot be read at all is a :class:`Mistake`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

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
class Node:
    """A piece of syntax: its kind, its first code point, its word, and its parts."""

    kind: str
    start: int
    text: str = ""
    kids: tuple[Node, ...] = ()
    binders: tuple[Binder, ...] = ()


@dataclass(frozen=True, slots=True)
class Binder:
    """``(names : type)``; ``info`` is the opening bracket, ``(`` where there is none."""

    names: tuple[str, ...]
    type: Node | None
    info: str = "("


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the text; ``glued`` says that nothing stands between it and the one before."""

    text: str
    kind: str
    start: int
    glued: bool


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its keyword, its names, universe parameters, binders, statement, and body."""

    keyword: str
    start: int
    names: tuple[str, ...] = ()
    universes: tuple[str, ...] = ()
    binders: tuple[Binder, ...] = ()
    type: Node | None = None
    body: Node | None = None


def words(text: str) -> frozenset[str]:
    """The words of ``text``."""
    return frozenset(text.split())


_LETTER = r"[^\W\d]"
_PART = rf"(?:{_LETTER}(?:[\w'₀-₉])*)"
_TOKEN = re.compile(
    rf"(?P<name>(?![λΠ]){_PART}(?:\.{_PART})*)|(?P<number>\d+)"
    r"|(?P<symbol>[λΠ]|<\|>|:=|<->|->|<-|/\\|\\/|\.\d+|\.(?=[^\W\d])|[^\w\s])|(?P<other>\S)"
)
_BLANK = re.compile(r"\s+|--[^\n]*")
_SAME = {"->": "→", "<->": "↔", "<-": "←", "/\\": "∧", "\\/": "∨", "fun": "λ", "Π": "∀", "ℕ": "nat"}
_INFIX = {  # what stands left needs the first precedence, what stands right more than the second
    "↔": (20, 20), "→": (25, 24), "∨": (30, 29), "∧": (35, 34), "=": (50, 50), "≠": (50, 50),
    "+": (65, 65), "*": (70, 70),
}  # fmt: skip
_MAX = 1024
LARGEST_NUMERAL = 1000
"""ℕ is unary here; larger numerals would be slow."""

DECLARATIONS = frozenset({"theorem", "lemma", "example", "def", "axiom", "constant"})
_COMMANDS = DECLARATIONS | {
    "axioms", "constants", "variable", "variables", "universe", "universes", "namespace", "section",
    "end", "open",
}  # fmt: skip
_FOREIGN_COMMANDS = words(
    "import attribute notation infix infixl infixr prefix postfix inductive structure class "
    "instance private protected noncomputable meta local include omit parameter parameters "
    "abbreviation set_option mutual coinductive definition reserve export precedence run_cmd "
    "prelude hide theory add_tactic_doc library_note alias localized open_locale precedence"
)
_WORDS = words(
    "with at in from begin by using generalizing then else do let if match suffices calc "
    "assume suppose obtain show have sorry λ Prop Type Sort"
)
_BARE = words(
    "assumption refl reflexivity symmetry exfalso contradiction trivial split left right "
    "constructor skip sorry admit"
)
TACTICS: dict[str, str] = {
    **dict.fromkeys(_BARE, ""),
    "intro": "name?", "intros": "names", "assume": "name?", "exact": "term", "refine": "term",
    "apply": "term", "transitivity": "term?", "existsi": "terms", "rw": "rules", "rewrite": "rules",
    "subst": "term", "cases": "with", "induction": "with", "try": "block", "repeat": "block",
    "all_goals": "block", "sorry": "", "admit": "",
}  # fmt: skip
"""The tactics, and the shape of what follows their name."""


def tokenize(text: str, start: int = 0) -> list[Token]:
    """The tokens of ``text`` from ``start`` on; an empty one of kind ``end`` is the last."""
    tokens: list[Token] = []
    place, last = start, -1
    while place < len(text):
        if blank := _BLANK.match(text, place):
            place = blank.end()
        elif text.startswith("/-", place):
            depth, place = 1, place + 2
            while depth:
                mark = re.compile(r"/-|-/").search(text, place)
                if mark is None:
                    raise Mistake("a comment is not closed", place)
                depth, place = depth + (1 if mark[0] == "/-" else -1), mark.end()
        else:
            match = _TOKEN.match(text, place)
            if match is None or match.lastgroup == "other":
                raise Mistake(f"`{text[place]}` is not expected here", place)
            word = _SAME.get(match[0], match[0])
            tokens.append(Token(word, match.lastgroup or "", place, place == last))
            place = last = match.end()
    tokens.append(Token("", "end", len(text), False))
    return tokens


class Parser:
    """Reads tokens from left to right."""

    def __init__(self, text: str, start: int = 0) -> None:
        self._tokens = tokenize(text, start)
        self._at = 0

    # -- tokens ----------------------------------------------------------------------------------

    @property
    def token(self) -> Token:
        """The next token."""
        return self._tokens[self._at]

    def next(self) -> Token:
        """Takes the next token."""
        token = self.token
        self._at += token.kind != "end"
        return token

    def sees(self, *words: str) -> bool:
        """Whether one of these words comes next."""
        return self.token.kind != "end" and self.token.text in words

    def takes(self, *words: str) -> bool:
        """Takes the next token if it is one of these words."""
        found = self.sees(*words)
        self._at += found
        return found

    def needs(self, word: str) -> Token:
        """Takes the next token, which must be this word."""
        if not self.sees(word):
            self.fail(f"`{word}` expected")
        return self.next()

    def fail(self, why: str) -> NoReturn:
        """Says what is wrong with the next token."""
        token = self.token
        found = f"`{token.text}`" if token.text else "the end"
        raise Mistake(f"{why}, but {found} found", token.start)

    def ends(self) -> None:
        """Refuses what is left over."""
        if self.token.kind != "end":
            self.fail("the end expected")

    def _is_name(self) -> bool:
        token = self.token
        return token.kind == "name" and token.text not in _WORDS | _COMMANDS | _FOREIGN_COMMANDS

    def name(self, *, plain: bool = False) -> str:
        """Takes a name; a ``plain`` one has no dots."""
        if not self._is_name() or (plain and "." in self.token.text):
            self.fail("a name expected")
        return self.next().text

    def _names(self) -> list[str]:
        names = []
        while self._is_name():
            names.append(self.name(plain=True))
        return names

    # -- terms -----------------------------------------------------------------------------------

    def term(self, precedence: int = 0) -> Node:
        """Reads a term of at least this precedence."""
        left = self._operand()
        while True:
            token = self.token
            lower, right = _INFIX.get(token.text, (-1, 0)) if token.kind == "symbol" else (-1, 0)
            if lower <= precedence:
                if lower < 0:
                    self._refuse_foreign_infix()
                return left
            self.next()
            left = Node("op", left.start, token.text, (left, self.term(right)))

    def _refuse_foreign_infix(self) -> None:
        token = self.token
        if token.kind == "symbol" and token.text in "-/<>≤≥∣∘▸^×∈⊆∪∩%++&&||⊕⁻∉≈≃∼⟶$!":
            raise Unknown(f"`{token.text}`", token.start)

    def _operand(self) -> Node:
        token = self.token
        if self.takes("¬"):
            return Node("not", token.start, "", (self.term(40),))
        if token.text in ("λ", "∀", "∃", "assume"):
            self.next()
            binders = self._binders()
            self.needs(",")
            word = {"∀": "pi", "∃": "ex"}.get(token.text, "lam")
            return Node(word, token.start, token.text, (self._body(),), tuple(binders))
        if self.takes("show"):
            kind = self.term()
            self.needs(",")
            self.needs("from")
            return Node("typed", token.start, "", (self._body(), kind))
        if self.takes("have"):
            name = "this"
            if self._tokens[self._at + 1].text == ":":
                name = self.name(plain=True)
                self.needs(":")
            statement = self.term()
            self.needs(",")
            self.needs("from")
            proof = self.term()
            self.needs(",")
            return Node("have", token.start, name, (statement, proof, self._body()))
        head = self._atom()
        if head is None:
            self._refuse_foreign_infix()
            self.fail("a term expected")
        arguments = []
        while (argument := self._atom()) is not None:
            arguments.append(argument)
        # A function or the like may be the last argument only with parentheses, as in Lean.
        return Node("app", head.start, "", (head, *arguments)) if arguments else head

    def _body(self) -> Node:
        """A term that reaches as far as it can: in Lean, over `;` and `<|>` as well."""
        node = self.term()
        if self.sees(";", "<|>"):
            raise Unknown(f"`{self.token.text}` behind an open term", self.token.start)
        return node

    def _atom(self) -> Node | None:
        token = self.token
        node: Node
        if token.text in ("Prop", "Type", "Sort"):
            self.next()
            node = Node("sort", token.start, token.text, self._sort_level(token.text))
        elif self.sees("begin", "by"):
            node = self._tactic_block()
        elif token.text in (
            "let",
            "if",
            "match",
            "suffices",
            "calc",
            "do",
            "quote",
            "suppose",
            "obtain",
        ):
            raise Unknown(f"`{token.text}`", token.start)
        elif self.sees("sorry"):
            self.next()
            node = Node("sorry", token.start)
        elif token.kind == "name" and self._is_name():
            self.next()
            node = Node("hole" if token.text == "_" else "id", token.start, token.text)
        elif token.kind == "number":
            self.next()
            if len(token.text) > 9 or int(token.text) > LARGEST_NUMERAL:
                raise Unknown(f"numerals above {LARGEST_NUMERAL}", token.start)
            node = Node("num", token.start, token.text)
        elif self.takes("("):
            node = self.term()
            if self.takes(":"):
                node = Node("typed", token.start, "", (node, self.term()))
            self.needs(")")
        elif self.takes("⟨"):
            items = self._list(self.term, "⟩")
            node = Node("anonymous", token.start, "", tuple(items))
        elif self.takes("@"):
            node = Node("explicit", token.start, self.name())
        elif token.text in ("‹", "`", "⟮"):
            raise Unknown(f"`{token.text}`", token.start)
        else:
            return None
        while self.token.glued and self.token.kind == "symbol" and self.token.text[0] == ".":
            dot = self.next().text
            for part in [dot[1:]] if dot != "." else self.next().text.split("."):
                node = Node("field", token.start, part, (node,))
        return node

    def _sort_level(self, sort: str) -> tuple[Node, ...]:
        token = self.token
        if sort == "Prop":
            return ()
        if self.sees("*") and token.glued:
            self.next()
            return (Node("any", token.start),)
        if token.kind == "number" or (token.kind == "name" and self._is_name()) or self.sees("("):
            return (self._level(_MAX),)
        return ()

    def _level(self, precedence: int = 0) -> Node:
        token = self.token
        if self.takes("("):
            level = self._level()
            self.needs(")")
        elif token.kind == "number":
            level = Node("num", token.start, self.next().text)
            if len(level.text) > 2:
                raise Unknown(f"the universe level {level.text}", token.start)
        elif self.sees("max", "imax"):
            self.next()
            level = Node(token.text, token.start, "", (self._level(_MAX), self._level(_MAX)))
        else:
            level = Node("id", token.start, self.name(plain=True))
        while precedence == 0 and self.takes("+"):
            number = self.next()
            if number.kind != "number" or len(number.text) > 2:
                self.fail("a small number expected")
            for _ in range(int(number.text)):
                level = Node("succ", token.start, "", (level,))
        return level

    def _brackets(self) -> list[Binder]:
        """As many arguments in brackets as there are."""
        binders: list[Binder] = []
        while self.sees("(", "{", "[", "⦃"):
            token = self.next()
            if token.text not in ("(", "{") or self.sees("{"):
                raise Unknown(f"arguments in `{token.text}`", token.start)
            names = self._names()
            kind = self.term() if self.takes(":") else None
            if self.sees(":="):
                raise Unknown("default values of arguments", self.token.start)
            if not names:
                self.fail("the name of an argument expected")
            self.needs(")" if token.text == "(" else "}")
            binders.append(Binder(tuple(names), kind, token.text))
        return binders

    def _binders(self) -> list[Binder]:
        """The arguments of a λ or a quantifier: bare names may mix with brackets."""
        binders = self._brackets()
        while names := self._names():
            if self.takes(":"):
                return [*binders, Binder(tuple(names), self.term())]
            binders += [Binder(tuple(names), None), *self._brackets()]
        if self.sees("⟨"):
            raise Unknown("patterns (`⟨…⟩`) as arguments", self.token.start)
        if not binders:
            self.fail("an argument expected")
        return binders

    # -- tactics ---------------------------------------------------------------------------------

    def _tactic_block(self) -> Node:
        token = self.next()
        if token.text == "by":
            return Node("tactics", token.start, "by", (self.tactic(),))
        return Node("tactics", token.start, "begin", self._tactics("end"))

    def _tactics(self, stop: str) -> tuple[Node, ...]:
        tactics = self.tactic_run(stop)
        self.needs(stop)
        return tactics

    def tactic_run(self, stop: str = "") -> tuple[Node, ...]:
        """Tactics with commas between them, up to the word ``stop`` or the end."""
        tactics: list[Node] = []
        while not (self.sees(stop) or self.token.kind == "end"):
            tactics.append(self.tactic())
            if not self.takes(","):
                break
        return tuple(tactics)

    def tactic(self, precedence: int = 0) -> Node:
        """Reads tactics joined by ``;`` and ``<|>``, of which the latter binds more tightly."""
        left = self._one_tactic()
        while True:
            if precedence <= 2 and self.takes("<|>"):
                left = Node("else", left.start, "", (left, self.tactic(2)))
            elif precedence < 1 and self.takes(";"):
                if self.sees("["):
                    raise Unknown("`; [ ]`", self.token.start)
                left = Node("then", left.start, "", (left, self.tactic(1)))
            else:
                return left

    def _one_tactic(self) -> Node:
        token = self.token
        if self.takes("{"):
            return Node("block", token.start, "{", self._tactics("}"))
        if self.takes("begin"):
            return Node("block", token.start, "begin", self._tactics("end"))
        if token.kind not in ("name", "end") or token.text in _COMMANDS:
            self.fail("a tactic expected")
        shape = TACTICS.get(token.text)
        if shape is None:
            if token.text and token.kind == "name":
                raise Unknown(f"the tactic `{token.text}`", token.start)
            self.fail("a tactic expected")
        self.next()
        start, name = token.start, token.text
        if shape == "block" or (name in ("sorry", "admit") and self.sees("{")):
            self.needs("{")
            return Node(name, start, "", (Node("tactics", start, "{", self._tactics("}")),))
        if shape == "name?":
            return Node(name, start, self.name(plain=True) if self._is_name() else "")
        if shape == "names":
            return Node(name, start, " ".join(self._names()))
        if shape == "term" or (shape == "term?" and not self._tactic_ends()):
            return Node(name, start, "", (self.term(),))
        if shape == "terms":
            terms = self._list(self.term, "]") if self.takes("[") else [self.term()]
            return Node(name, start, "", tuple(terms))
        if shape == "with":
            major = self.term()
            if self.sees(":", "using", "generalizing"):
                raise Unknown(f"`{name} … {self.token.text}`", self.token.start)
            return Node(
                name, start, " ".join(self._names()) if self.takes("with") else "", (major,)
            )
        if shape == "rules":
            rules = self._list(self._rule, "]") if self.takes("[") else [self._rule()]
            places = []
            if self.takes("at"):
                if self.sees("*"):
                    raise Unknown(f"`{name} … at *`", self.token.start)
                while self._is_name() or self.sees("⊢"):
                    places.append(self.next().text)
                if not places:
                    self.fail("the name of a hypothesis expected")
            return Node(name, start, " ".join(places), tuple(rules))
        return Node(name, start)

    def _tactic_ends(self) -> bool:
        return self.token.kind == "end" or self.sees(",", ";", "<|>", "}", "end")

    def _rule(self) -> Node:
        start = self.token.start
        text = "←" if self.takes("←") else ""
        return Node("rule", start, text, (self.term(),))

    def _list(self, read: Callable[[], Node], stop: str) -> list[Node]:
        """What stands between a bracket, which has been taken, and its other half."""
        items: list[Node] = []
        if not self.sees(stop):
            items.append(read())
            while self.takes(","):
                items.append(read())
        self.needs(stop)
        return items

    # -- commands --------------------------------------------------------------------------------

    def command(self) -> Command | None:
        """The next command, or None at the end of the text."""
        token = self.token
        if token.kind == "end":
            return None
        word = token.text
        if word not in _COMMANDS:
            if word in _FOREIGN_COMMANDS or word in ("@", "#"):
                shown = {"@": "attributes (`@[…]`)", "#": "commands that begin with `#`"}
                raise Unknown(shown.get(word, f"`{word}`"), token.start)
            self.fail("a command expected")
        self.next()
        if word in ("namespace", "section", "end"):
            return Command(word, token.start, (self.name(),) if self._is_name() else ())
        if word in ("open", "universe", "universes"):
            names = tuple(self._dotted_names())
            if word == "open" and self.sees("(", "as", "hiding", "renaming"):
                raise Unknown("`open … (…)`", self.token.start)
            return Command(word, token.start, names)
        if word in ("variable", "variables", "constants", "axioms"):
            binders = self._brackets() or self._binders()
            return Command(word, token.start, binders=tuple(binders))
        return self._declaration(token)

    def _dotted_names(self) -> list[str]:
        names = []
        while self._is_name():
            names.append(self.name())
        return names or [self.name()]

    def _declaration(self, token: Token) -> Command:
        word = token.text
        universes: list[str] = []
        if self.takes("{"):
            universes = self._names()
            self.needs("}")
        names = () if word == "example" else (self.name(),)
        binders = self._brackets()
        kind = self.term() if self.takes(":") else None
        body = None
        if self.sees("|"):
            raise Unknown("definitions by pattern matching (`|`)", self.token.start)
        if word not in ("axiom", "constant"):
            assign = self.needs(":=")
            end = assign.start + len(":=")
            token_after = self.token
            empty = token_after.kind == "end" or token_after.text in _COMMANDS | _FOREIGN_COMMANDS
            body = Node("sorry", end) if empty else self.term()
        if kind is None and word not in ("def", "example"):
            self.fail("`:` and a statement expected")
        return Command(word, token.start, names, tuple(universes), tuple(binders), kind, body)
