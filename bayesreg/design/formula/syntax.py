"""The text of a formula as a tree: what the grammar does not know is refused, and nothing is evaluated."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from bayesreg.errors import DataError

# Characters outside backticks, and how deep brackets, signs and powers may stand in each other.
LONGEST, DEEPEST = 2_000, 30
ELEMENTWISE = ("log", "log1p", "exp", "sqrt", "abs", "I")
TRANSFORMS = ("C", "center", "scale", "poly", "bs", "offset")
# The settings of a transform with their bounds (None: True or False); those that need no keyword come first.
SETTINGS: dict[str, dict[str, tuple[int, int] | None]] = {
    "poly": {"degree": (1, 20), "raw": None},
    "bs": {"df": (1, 500), "degree": (0, 10)},
}
POSITIONAL = {"poly": 2, "bs": 1}
_LEVELS = (("+", "-"), ("*", "/"), (":",))
_SIGN, _POWER, _ATOM = 3, 4, 5
_TOKEN = re.compile(
    r"\s*(?:`(?P<quoted>(?:[^`]++|``)+)`|(?P<word>[^\W\d][\w.]*)"
    r"|(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)|(?P<symbol>\*\*|[-+*/:^(),=~.|]))"
)


@dataclass(frozen=True)
class Name:
    """A column."""

    name: str

    def __str__(self) -> str:
        return self.name if re.fullmatch(r"[^\W\d][\w.]*", self.name) else f"`{self.name.replace('`', '``')}`"


@dataclass(frozen=True)
class Levels:
    """All levels of a column, each with a coefficient of its own that a prior keeps near 0: (1|column)."""

    column: Name

    def __str__(self) -> str:
        return f"(1|{self.column})"


@dataclass(frozen=True)
class Others:
    """The dot: all columns that the formula does not name on its left or as an offset."""


@dataclass(frozen=True)
class Number:
    """A number as it was written."""

    value: float

    def __str__(self) -> str:
        return f"{int(self.value)}" if self.value.is_integer() and self.value < 1e16 else repr(self.value)


@dataclass(frozen=True)
class Negation:
    """−inner."""

    inner: "Node"

    def __str__(self) -> str:
        return f"-{_bracketed(self.inner, _SIGN)}"


@dataclass(frozen=True)
class Power:
    """Base ** exponent, also written ^."""

    symbol: str
    base: "Node"
    exponent: "Node"

    def __str__(self) -> str:
        return f"{_bracketed(self.base, _ATOM)} {self.symbol} {_bracketed(self.exponent, _SIGN)}"


@dataclass(frozen=True)
class Chain:
    """Operands joined by operators of one level, read from left to right."""

    level: int
    symbols: tuple[str, ...]
    operands: tuple["Node", ...]

    def __str__(self) -> str:
        first, *others = self.operands
        text = _bracketed(first, self.level)
        for symbol, operand in zip(self.symbols, others, strict=True):
            text += f" {symbol} {_bracketed(operand, self.level + 1)}"
        return text


@dataclass(frozen=True)
class Call:
    """A function of one expression, with settings as (name, whether its keyword was given, value)."""

    function: str
    argument: "Node"
    settings: tuple[tuple[str, bool, int], ...] = ()

    def __str__(self) -> str:
        given = [f"{name}={value}" if keyword else f"{value}" for name, keyword, value in self.settings]
        return f"{self.function}({', '.join([str(self.argument), *given])})"


type Node = Name | Levels | Others | Number | Negation | Power | Chain | Call


def parse(formula: object) -> tuple[Node, Node]:
    """Return the trees of the left and the right side.

    Raises
    ------
    DataError
        If the text is not a formula, holds anything outside the grammar, is too long or too deeply nested.
    """
    if not isinstance(formula, str):
        raise DataError(f'a formula is text such as "y ~ a + b", got {type(formula).__name__}.')
    outside = len(re.sub(r"`(?:[^`]++|``)+`", "", formula))
    if outside > LONGEST:
        raise DataError(
            f"the formula has {outside} characters outside backticks; allowed: {LONGEST}. Give columns as a frame."
        )
    parser = _Parser(_tokens(formula))
    left = parser.chain(0)
    parser.expect("~")
    right = parser.chain(0)
    parser.expect("")
    return left, right


def names_in(node: Node) -> set[str]:
    """The columns that a tree names."""
    match node:
        case Name():
            return {node.name}
        case Levels():
            return {node.column.name}
        case Negation():
            return names_in(node.inner)
        case Power():
            return names_in(node.base) | names_in(node.exponent)
        case Chain():
            return set().union(*(names_in(operand) for operand in node.operands))
        case Call():
            return names_in(node.argument)
        case Others() | Number():
            return set()


def _tokens(formula: str) -> list[tuple[str, str]]:
    """(kind, text) of each token; the end is a symbol without text."""
    tokens, position, end = [], 0, len(formula.rstrip())
    while position < end:
        token = _TOKEN.match(formula, position, end)
        if token is None:
            rest = formula[position:].strip()[:20]
            raise DataError(f"{rest!r} is not allowed in a formula; compute the column first, or quote a name: `name`.")
        kind = str(token.lastgroup)
        tokens.append((kind, token[kind].replace("``", "`") if kind == "quoted" else token[kind]))
        position = token.end()
    return [*tokens, ("symbol", "")]


def _bracketed(node: Node, least: int) -> str:
    """The text of an operand, in brackets if it binds less tightly than it must."""
    binds = node.level if isinstance(node, Chain) else {Negation: _SIGN, Power: _POWER}.get(type(node), _ATOM)
    return f"{node}" if binds >= least else f"({node})"


class _Parser:
    """Recursive descent; its recursion is bounded by counting the depth."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.position, self.depth = tokens, 0, 0

    def sees(self, *symbols: str, ahead: int = 0) -> bool:
        place = self.position + ahead
        return place < len(self.tokens) and self.tokens[place] in [("symbol", symbol) for symbol in symbols]

    def take(self) -> tuple[str, str]:
        self.position += 1
        return self.tokens[self.position - 1]

    def expect(self, symbol: str) -> None:
        if not self.sees(symbol):
            raise self.error(f"expected {symbol!r}" if symbol else "expected an operator")
        self.position += 1

    def error(self, wanted: str) -> DataError:
        got = self.tokens[self.position][1] or "the end"
        return DataError(f'{wanted}, got {got[:20]!r}; a formula looks like "y ~ a + b:c + log(d)".')

    def chain(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self.signed()
        operands, symbols = [self.chain(level + 1)], []
        while self.sees(*_LEVELS[level]):
            symbols.append(self.take()[1])
            operands.append(self.chain(level + 1))
        return Chain(level, tuple(symbols), tuple(operands)) if symbols else operands[0]

    def signed(self) -> Node:
        if not self.sees("+", "-"):
            return self.power()
        sign = self.take()[1]
        inner = self.deeper(self.signed)
        return Negation(inner) if sign == "-" else inner

    def power(self) -> Node:
        base = self.atom()
        if not self.sees("**", "^"):
            return base
        return Power(self.take()[1], base, self.deeper(self.signed))

    def deeper(self, read: Callable[[], Node]) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise DataError(
                f"brackets, signs and powers are nested more than {DEEPEST} deep; compute the column first."
            )
        node = read()
        self.depth -= 1
        return node

    def atom(self) -> Node:
        if self.sees("("):
            self.take()
            node = self.deeper(lambda: self.chain(0))
            node = self.levels(node) if self.sees("|") else node
            self.expect(")")
            return node
        kind, text = self.tokens[self.position]
        if kind == "symbol" and text != ".":
            raise self.error("expected a column, a number or a function")
        self.position += 1
        if kind == "word" and self.sees("("):
            return self.call(text)
        if kind == "symbol":
            return Others()
        return Number(float(text)) if kind == "number" else Name(text)

    def levels(self, effect: Node) -> Levels:
        """What follows the bar of (1|column)."""
        self.take()
        column = self.atom()
        if effect != Number(1.0) or not isinstance(column, Name) or not self.sees(")"):
            raise DataError(
                f"a bar is for (1|column), an intercept for each level of one column, got ({str(effect)[:40]}|"
                f"{str(column)[:40]}…; paste several columns into one, and write other effects by level out as a:C(g)."
            )
        return Levels(column)

    def call(self, function: str) -> Node:
        allowed = (*ELEMENTWISE, *TRANSFORMS)
        if function not in allowed:
            raise DataError(
                f"{function[:40]!r} cannot be called in a formula; allowed: {', '.join(allowed)}. "
                "Compute the column first."
            )
        self.take()
        argument = self.deeper(lambda: self.chain(0))
        settings: dict[str, tuple[bool, int]] = {}
        while self.sees(","):
            self.take()
            name, keyword = self.setting_name(function, settings)
            settings[name] = keyword, self.literal(function, name)
        self.expect(")")
        return Call(function, argument, tuple((name, *given) for name, given in settings.items()))

    def setting_name(self, function: str, given: dict[str, tuple[bool, int]]) -> tuple[str, bool]:
        """The setting that follows, and whether it comes with its keyword."""
        known = list(SETTINGS.get(function, {}))
        keyword = self.sees("=", ahead=1)
        free = [name for name in known[: POSITIONAL.get(function, 0)] if name not in given]
        got = self.tokens[self.position][1]
        name = got if keyword else next(iter(free), "")
        if name not in known or name in given:
            allowed = ", ".join(known) or "none"
            raise DataError(f"{function}() takes a column and, once each, these settings: {allowed}; got {got[:20]!r}.")
        self.position += 2 * keyword
        return name, keyword

    def literal(self, function: str, name: str) -> int:
        """The value of a setting, within its bounds; True and False as such."""
        kind, text = self.take()
        bounds = SETTINGS[function][name]
        if bounds is None and kind == "word" and text in ("True", "False"):
            return text == "True"
        if bounds is not None and kind == "number" and text.isdigit() and bounds[0] <= float(text) <= bounds[1]:
            return int(text)
        allowed = "True or False" if bounds is None else f"a whole number from {bounds[0]} to {bounds[1]}"
        raise DataError(f"{name} of {function}() must be {allowed}, got {text[:20]!r}.")
