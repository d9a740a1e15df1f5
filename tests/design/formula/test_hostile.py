"""Formulas from strangers: nothing in them runs, nothing hangs or takes the memory, and what is refused is named."""

import resource
import subprocess
import sys
import time
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayesreg as br
from bayesreg.design.formula import read_formula
from bayesreg.errors import BayesregError, DataError


def in_bold(word):
    """The word in mathematical letters, which Python's own parser reads as the plain ones."""
    return "".join(chr(0x1D41A + ord(letter) - ord("a")) for letter in word)


ROWS = 30
FRAME = pd.DataFrame(
    {
        **{name: np.random.default_rng(j).uniform(1, 2, ROWS) for j, name in enumerate("yabcx")},
        "g": list("uvw") * 10,
        "code": ["__import__('os').system('true') or 1.0"] * ROWS,
        **{
            name: np.linspace(j, 9.0, ROWS)
            for j, name in enumerate(["eval", "__import__", "lambda", "Intercept", "a`b"])
        },
        **{in_bold(word): np.linspace(1.0, j + 2.0, ROWS) for j, word in enumerate(["eval", "max", "log"])},
    }
)
WATCHED = {"compile", "exec", "open", "os.system", "subprocess.Popen", "import", "code.__new__", "socket.__new__"}
_events: list[str] | None = None


def _watch(event, _):
    if _events is not None and event in WATCHED:
        _events.append(event)


@pytest.fixture(scope="module")
def watch():
    """Returns a function that runs a formula and returns what Python's audit saw being run meanwhile."""
    # Modules that are only loaded when first needed would be seen as well.
    read_formula("y ~ a + bs(b) + poly(c, 2) + scale(x) + g + C(g)", FRAME)
    with pytest.raises(DataError, match="cannot be used"):
        br.Regression.from_formula("y ~ 'a'", FRAME, prior=br.Normal(1.0), sigma=1.0)
    sys.addaudithook(_watch)

    def run(job):
        global _events
        _events = seen = []
        try:
            job()
        finally:
            _events = None
        return seen

    return run


ATTACKS = [
    "y ~ __import__('os').system('true')",
    "y ~ `__import__`('os')",
    "y ~ eval(code)",
    "y ~ (eval)(code)",
    "y ~ `eval`(code)",
    f"y ~ a + abs(({in_bold('eval')})(({in_bold('max')})(code)))",
    f"y ~ {in_bold('eval')}(code)",
    f"y ~ {in_bold('log')}(a)",
    "y ~ log.__class__.__mro__(a)",
    "y ~ log(a).__class__",
    "y ~ a.values.tofile(code)",
    "y ~ ().__class__.__bases__[0].__subclasses__()",
    "y ~ (lambda: a)()",
    "y ~ [a for a in code]",
    "y ~ (z := a)",
    "y ~ f'{a}'",
    "y ~ f\"{__import__('os')}\"",
    "y ~ '{0.__class__}'.format(a)",
    "y ~ '%s' % a",
    "y ~ 'a' + 'b'",
    "y ~ getattr(log, a)",
    "y ~ log(getattr(a, code))",
    "y ~ code[0]",
    "y ~ log(*code)",
    "y ~ log(**code)",
    "y ~ log(a, out=b)",
    "y ~ log(a, b)",
    "y ~ C(g, contr.treatment)",
    "y ~ C(g, levels=code)",
    "y ~ bs(a, knots=code)",
    "y ~ poly(a, degree=eval(code))",
    "y ~ poly(a, degree=`eval`)",
    "y ~ {eval(code)}",
    "y ~ a if eval(code) else b",
    "y ~ a; import os",
    "y ~ a\nimport os",
    "y ~ a # comment",
    "y ~ @a",
    "y ~ a @ b",
    "y ~ a | b",
    "y ~ a or b",
    "y ~ not a",
    "y ~ ...",
    "y ~ await a",
    "y ~ I(eval(code))",
    "y ~ offset(eval(code))",
    "eval(code) ~ a",
    "y ~ hashed(g)",
    "y ~ lag(a)",
    "y ~ log\\x28a\\x29",
    "y ~ a + \0",
    "y ~ `a` `b`",
    "y ~ `a",
]


@pytest.mark.parametrize("formula", ATTACKS)
def test_an_attack_is_refused_and_runs_nothing(formula, watch):
    def job():
        with pytest.raises(DataError, match="cannot be used"):
            br.Regression.from_formula(formula, FRAME, prior=br.Normal(1.0), sigma=1.0)

    assert watch(job) == []


def test_the_watch_sees_code_that_runs(watch):
    assert "compile" in watch(lambda: eval("1 + 1"))


def test_names_of_builtins_are_only_names(watch):
    def job():
        read_formula(f"y ~ `eval` + lambda + __import__ + {in_bold('eval')}:{in_bold('max')} + `a``b`", FRAME)

    assert watch(job) == []


LARGE = [
    "y ~ log(9**9**9)",
    "y ~ a + I(a * 9**9**9)",
    "y ~ bs(a, df=100000)",
    "y ~ bs(a, df=1200, degree=1000)",
    "y ~ bs(a, df=0)",
    "y ~ bs(a, df=-3)",
    "y ~ bs(a, df=5.5)",
    "y ~ bs(a, df=3, degree=10)",
    "y ~ poly(a, 10000)",
    "y ~ poly(a, 0)",
    "y ~ poly(a, 1e2)",
    "y ~ poly(a, " + "9" * 1000 + ")",
    "y ~ C(g, 9**9**9)",
    "y ~ a**1000000000",
    "y ~ a**0",
    "y ~ a**b",
    "y ~ a**2.5",
    "y ~ (a+b)**99999999999999999999",
    "y ~ a**2**99",
    "y ~ log(" + "(" * 300 + "a" + ")" * 300 + ")",
    "y ~ " + "(" * 900 + "a" + ")" * 900,
    "y ~ " + "log(" * 400 + "a" + ")" * 400,
    "y ~ I(" + "-" * 1900 + "a)",
    "y ~ I(a" + "**a" * 600 + ")",
    "y ~ " + "+ " * 900,
    "y ~ " + "*".join(f"I(a*{j})" for j in range(90)),
    "y ~ (" + "+".join(f"I(a*{j})" for j in range(90)) + ")**20",
    "y ~ " + "(a+b+c+x)**20" * 20,
    "y ~ .^20",
    "y ~ (.^3):(.^3)",
    "y ~ " + "+".join(f"bs(a, df={j}, degree=10)" for j in range(500, 440, -1)),
    "y ~ " + "*".join(f"C(I(a*{j}))" for j in range(10)),
    "y ~ " + ":".join(f"C(I(0*a+{j}))" for j in range(60)),
    "y ~ " + ":".join(f"poly(I(a+{j}), 9)" for j in range(60)),
    "y ~ " + "a" * 1_000_000,
    "y ~ " + "a+" * 1_000_000 + "b",
    "y ~ `" + "a" * 1_000_000 + "`",
    "y ~ " + "`" * 1_000_000,
    " " * 1_000_000,
    "~" * 1_000_000,
]


@pytest.mark.parametrize("formula", LARGE, ids=range(len(LARGE)))
def test_what_would_take_long_is_refused_at_once(formula):
    start = time.process_time()
    with pytest.raises(DataError):
        read_formula(formula, FRAME.drop(columns="code"))
    assert time.process_time() - start < 1.0


@pytest.mark.parametrize(
    ("formula", "count"),
    [
        ("y ~ (a+b+c+x)**(20)", 15),
        ("y ~ " + "+".join(["a"] * 900), 1),
        ("y ~ I(" + "+".join(["a"] * 900) + ")", 1),
        ("y ~ " + ":".join(["a"] * 900), 1),
        ("y ~ bs(a, df=500, degree=3)", 500),
        ("y ~ I(" + "(" * 25 + "a" + ")" * 25 + ")", 1),
    ],
)
def test_what_is_long_but_small_is_allowed(formula, count):
    assert read_formula(formula, FRAME).X.shape == (ROWS, count)


@pytest.mark.parametrize("right", ["name", "C(name)", "C(number)", "number + name", "name * number", "number:name"])
def test_thousands_of_levels_are_refused_with_a_cure(right):
    n = 50_000
    frame = pd.DataFrame({"y": np.zeros(n), "name": [f"customer {i}" for i in range(n)], "number": np.arange(n)})
    with pytest.raises(DataError, match=r"has 50000 levels; allowed: 2000\. Merge rare levels"):
        read_formula(f"y ~ {right}", frame)


def test_the_left_side_is_bounded_too():
    for left in ("y**99", "bs(y, df=9999)", "C(y)", "(" * 99 + "y" + ")" * 99, "y - y", "0", "1", ".", "g", "y + a"):
        with pytest.raises(DataError):
            read_formula(f"{left} ~ a", FRAME)


ATOMS = ["a", "b", "g", "y", "Intercept", "eval", "lambda", "`a``b`", "`1`", "0", "1", "2", ".", "9**9", "(a+b)**3",
         "g:a", "C(g)", "C(a)", "poly(a, 3)", "bs(b, df=5)", "scale(c)", "center(x)", "offset(b)", "I(a*b-1)", "log(",
         "exp(", in_bold("eval"), "'a'", "a.b", "[0]", "{a}", "f''", "\0", "~", "🦊"]  # fmt: skip
OPERATORS = ["+", "-", "*", "/", ":", "^", "**", "(", ")", ",", "=", " ", "~", "", "@", "|", "%"]
PLAIN = ["a", "b", "c", "g", "C(g)", "log(a)", "poly(b, 2)", "bs(x, df=4)", "I(a/b)", "0", "1", "offset(x)", "."]
JOINS = ["+", "-", "*", "/", ":", " + "]
in_grammar = st.recursive(
    st.sampled_from(PLAIN),
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from(JOINS), part).map("".join),
        part.map("({})".format),
        st.tuples(part, st.integers(0, 30)).map(lambda pair: f"({pair[0]})**{pair[1]}"),
        part.map("log({})".format),
    ),
    max_leaves=12,
)
nearly = st.lists(st.sampled_from([*ATOMS, *OPERATORS]), max_size=25).map("".join)
letters = st.text("abgyI01.~+-*/:^()`,= logexpC[]{}\"'@|%\\\0\n" + in_bold("evl") + "é", max_size=60)


@settings(max_examples=300, deadline=None)
@given(right=st.one_of(in_grammar, nearly, letters), left=st.sampled_from(["y ~ ", "log(y) ~ ", "", "a:b ~ "]))
def test_any_text_ends_in_a_regression_or_a_named_error(right, left, watch):
    def job():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", br.errors.ConstantColumnWarning)
            try:
                reg = br.Regression.from_formula(left + right, FRAME, prior=br.Normal(1.0), sigma=1.0)
            except BayesregError:
                return
        assert np.all(np.isfinite(reg.design.rows.X))
        assert 1 <= reg.p <= 2_000

    start, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert watch(job) == []
    assert time.process_time() - start < 2.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 300_000


@pytest.mark.slow
def test_any_text_ends_within_bounds_of_memory_and_time():
    """The fuzz of formulas again, in a process that may not take 4 GiB or two minutes."""
    code = (
        "import resource, sys, pytest; resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)); "
        "sys.exit(pytest.main([sys.argv[1], '-q', '-n', '0', '-p', 'no:cacheprovider', '-k', 'any_text_ends_in']))"
    )
    done = subprocess.run([sys.executable, "-c", code, __file__], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2_000:]
