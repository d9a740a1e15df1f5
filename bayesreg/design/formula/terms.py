"""The algebra of terms: a tree to sums of products of factors, in bounded time."""

from dataclasses import dataclass, field

from bayesreg.design.formula.syntax import Call, Chain, Levels, Name, Negation, Node, Number, Others, Power
from bayesreg.errors import DataError

# Terms in a formula, and factors that are copied while it is expanded.
MOST_TERMS, MOST_COPIES = 2_000, 200_000
MOST_POWER = 20

type Term = tuple[Node, ...]
type Terms = dict[frozenset[Node], Term]


@dataclass(frozen=True)
class RightSide:
    """What the right side of a formula asks for.

    Attributes
    ----------
    terms : list of tuples of nodes
        Sorted by their number of factors; the intercept is not among them.
    intercept : bool
    offsets : list of nodes
        Whose sum is a known part of the linear predictor.
    """

    terms: list[Term]
    intercept: bool
    offsets: list[Node]


@dataclass
class Expansion:
    """Expands trees; counts its own work and ends when there is too much.

    Attributes
    ----------
    others : list of str
        The columns that a dot stands for.
    """

    others: list[str]
    copies: int = field(default=0, init=False)

    def left(self, tree: Node) -> list[Term]:
        """The terms of the left side."""
        return list(self.terms(tree).values())

    def right(self, tree: Node) -> RightSide:
        """The terms of the right side, where 0 and 1 switch the intercept and offset() stands by itself."""
        terms: Terms = {}
        intercept = True
        for sign, part in _summands(tree):
            match part:
                case Number(value=0.0 | 1.0):
                    intercept = (part.value == 1.0) == (sign == "+")
                case Call(function="offset") if sign == "+":
                    continue
                case _:
                    terms = _added(terms, sign, self.terms(part))
        return RightSide(sorted(terms.values(), key=len), intercept, offsets_of(tree))

    def terms(self, tree: Node) -> Terms:
        """The terms of a tree without numbers and offsets."""
        match tree:
            case Call(function="offset"):
                raise DataError("offset() stands by itself: y ~ a + offset(b).")
            case Name() | Call() | Levels():
                return {frozenset([tree]): (tree,)}
            case Others():
                return self._checked({frozenset([node]): (node,) for node in map(Name, self.others)})
            case Power():
                return self._power(tree)
            case Chain(level=0):
                terms: Terms = {}
                for sign, part in _summands(tree):
                    terms = self._checked(_added(terms, sign, self.terms(part)))
                return terms
            case Chain():
                return self._product(tree)
            case Number():
                raise DataError(
                    f"the number {tree} is no term; allowed in a sum: + 0 or - 1 to turn the intercept off, + 1 to "
                    "turn it on; elsewhere numbers stand in functions, such as I(2 * a)."
                )
            case Negation():
                raise DataError(
                    f"{str(tree)[:40]!r} cannot stand in a product; write I({str(tree)[:40]}) for its values."
                )

    def _product(self, tree: Chain) -> Terms:
        crossings = tree.symbols.count("*")
        if 2**crossings > MOST_TERMS:
            raise DataError(f"{crossings} times * makes up to 2^{crossings} terms; allowed: {MOST_TERMS}.")
        first, *others = tree.operands
        terms = self.terms(first)
        for symbol, operand in zip(tree.symbols, others, strict=True):
            factor = self.terms(operand)
            if symbol == ":":
                terms = self._times(terms, factor)
            elif symbol == "*":
                terms = _union(_union(terms, factor), self._times(terms, factor))
            else:
                whole = tuple(dict.fromkeys(node for term in terms.values() for node in term))
                terms = _union(terms, self._times({frozenset(whole): whole}, factor))
        return self._checked(terms)

    def _power(self, tree: Power) -> Terms:
        if not isinstance(tree.exponent, Number) or tree.exponent.value not in range(1, MOST_POWER + 1):
            raise DataError(
                f"a power of terms must be a whole number from 1 to {MOST_POWER}, got {str(tree.exponent)[:40]!r}; "
                "write I(a ** 2) for the square of a column."
            )
        base = terms = self.terms(tree.base)
        for _ in range(int(tree.exponent.value) - 1):
            larger = self._times(terms, base)
            if larger.keys() == terms.keys():
                break
            terms = larger
        return terms

    def _times(self, left: Terms, right: Terms) -> Terms:
        self.copies += len(right) * sum(map(len, left)) + len(left) * sum(map(len, right))
        if self.copies > MOST_COPIES:
            raise DataError("the products and powers of this formula take too long to expand; write its terms out.")
        bar = next(
            (node for term in (*left.values(), *right.values()) for node in term if isinstance(node, Levels)), None
        )
        if bar is not None:
            raise DataError(f"{bar} stands by itself: y ~ a + {bar}; for a slope by level write a:C({bar.column}).")
        products: Terms = {}
        for a, first in left.items():
            for b, second in right.items():
                products.setdefault(a | b, tuple(dict.fromkeys(first + second)))
        return self._checked(products)

    def _checked(self, terms: Terms) -> Terms:
        if len(terms) > MOST_TERMS:
            raise DataError(
                f"this formula makes {len(terms)} terms or more; allowed: {MOST_TERMS}. Name fewer columns."
            )
        return terms


def offsets_of(tree: Node) -> list[Node]:
    """What stands in the offset() terms of a right side."""
    return [part.argument for _, part in _summands(tree) if isinstance(part, Call) and part.function == "offset"]


def _summands(tree: Node) -> list[tuple[str, Node]]:
    """The parts of a sum with their signs."""
    if not isinstance(tree, Chain) or tree.level > 0:
        tree = Chain(0, (), (tree,))
    first, *others = tree.operands
    start = ("-", first.inner) if isinstance(first, Negation) else ("+", first)
    return [start, *zip(tree.symbols, others, strict=True)]


def _union(terms: Terms, others: Terms) -> Terms:
    """Both; a term that stands in both keeps the order of its factors in the first."""
    return terms | {key: term for key, term in others.items() if key not in terms}


def _added(terms: Terms, sign: str, others: Terms) -> Terms:
    if sign == "+":
        return _union(terms, others)
    return {key: term for key, term in terms.items() if key not in others}
