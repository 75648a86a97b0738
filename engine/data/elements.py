"""Long JSON read element by element, without ever holding the whole of it."""

from __future__ import annotations

import codecs
import json
from typing import TYPE_CHECKING, Any

from engine.protocol import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Elements"]


class Elements:
    """The elements of the arrays of one JSON object, from blocks of its bytes.

    ``size`` is how many characters were read. What is read raises :class:`EngineError` where there
    are more than ``most``, and ValueError where this is no JSON object.
    """

    def __init__(self, blocks: Iterable[bytes], most: int) -> None:
        self._blocks: Iterator[bytes] = iter(blocks)
        self._decode = codecs.getincrementaldecoder("utf-8")()
        self._json = json.JSONDecoder()
        self._text = ""
        self._at = 0
        self._most = most
        self.size = 0

    def read(self) -> Iterator[tuple[str, int, Any]]:
        """(name of the array, number of the element, element); a value that is no array has
        number -1.
        """
        self._take("{")
        while self._peek() != "}":
            key = self._value()
            self._take(":")
            if self._peek() == "[":
                self._at += 1
                number = 0
                while self._peek() != "]":
                    yield key, number, self._value()
                    number += 1
                    if self._peek() == ",":
                        self._at += 1
                self._at += 1
            else:
                yield key, -1, self._value()
            if self._peek() == ",":
                self._at += 1

    def _value(self) -> Any:
        self._peek()
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._more():
                    raise ValueError("it is cut off or damaged") from error
                continue
            # What ends where the text does may go on: a number's next digit.
            if end < len(self._text) or not self._more():
                self._at = end
                return value

    def _peek(self) -> str:
        """The next character that is no blank."""
        while True:
            if self._at >= len(self._text) and not self._more():
                raise ValueError("it is cut off or damaged")
            sign = self._text[self._at : self._at + 1]
            if sign and sign not in " \t\r\n":
                return sign
            self._at += len(sign)

    def _take(self, sign: str) -> None:
        if self._peek() != sign:
            raise ValueError(f"{sign} is missing")
        self._at += 1

    def _more(self) -> bool:
        """Reads on, by as much as is being held, so that a long element is not tried for ever."""
        wanted = max(1, len(self._text) - self._at)
        parts = [self._text[self._at :]]
        while wanted > 0:
            block = next(self._blocks, None)
            if block is None:
                break
            parts.append(self._decode.decode(block))
            wanted -= len(parts[-1])
            self.size += len(parts[-1])
            if self.size > self._most:
                raise EngineError(f"This has more than {self._most} characters.")
        grown = len(parts) > 1
        self._text = "".join(parts)
        self._at = 0
        return grown
