"""Every regular expression takes time in proportion to its input, whatever the input.

They are found by looking: at each module for what was compiled, and at the source for how it is
used. Each gets what a slow one is slow at: the pieces of its own pattern, alone and by twos, again
and again; first a short run of each, then long runs of those that took longest.
"""

import ast
import importlib
import itertools
import pkgutil
import re
import string
import time
from collections import defaultdict, deque
from pathlib import Path
from statistics import median
from types import BuiltinMethodType

import pytest

import webapp

SHORT, LONG = 1 << 9, 1 << 20  # characters of a first run, and of the longest
WELL_ABOVE_NOISE = 0.008  # seconds
FEWEST_RUNS, MOST_RUNS = 2, 10  # of which the quickest counts
MOST = 2.5  # times as long for twice the input
NOT_OURS = ("webapp.simulator", "webapp.store.migrations")
USUAL = ["a", "0", "é", "\u3000", "\r\n", *string.punctuation, *string.whitespace]
PLAIN = re.compile(r"[\w:/<#=@+-]{2,}")  # what stands for itself, or nearly
ESCAPED = re.compile(r"\\\w")
ENDS = ("", " \x01")  # of which neither \S nor \s takes both
USED = {
    "match": re.Pattern.match,
    "fullmatch": re.Pattern.fullmatch,
    "search": re.Pattern.search,
    "finditer": lambda pattern, text: deque(pattern.finditer(text), 0),
    "sub": lambda pattern, text: pattern.sub(text[:0], text),
}
MODULES = [
    importlib.import_module(module.name)
    for module in pkgutil.walk_packages(webapp.__path__, "webapp.")
    if not module.name.startswith(NOT_OURS)
]
TREES = {module: ast.parse(Path(module.__file__).read_text()) for module in MODULES}


def methods():
    """How things are used: the name of each -> what is called of it."""
    found = defaultdict(set)
    for node in itertools.chain.from_iterable(map(ast.walk, TREES.values())):
        if isinstance(node, ast.Attribute) and node.attr in USED:
            owner = node.value
            found[getattr(owner, "id", getattr(owner, "attr", ""))].add(node.attr)
    return found


def compiled(value):
    """The patterns in a value, and the methods of patterns, be it a collection of them."""
    kind = type(value)  # isinstance would wake Flask's proxies up
    if issubclass(kind, dict):
        value = tuple(value.values())
    if issubclass(kind, tuple | list | dict):
        return [found for inner in value for found in compiled(inner)]
    owner = value.__self__ if issubclass(kind, BuiltinMethodType) else value
    return [value] if type(owner) is re.Pattern else []


def expressions():
    """Each pattern of the program with a way it is used, once."""
    used, found = methods(), {}
    for module in MODULES:
        for name, value in vars(module).items():
            for expression in compiled(value):
                pattern = getattr(expression, "__self__", expression)
                bound = {expression.__name__} if expression is not pattern else set()
                for how in sorted(bound or used[name] or {"sub"}):
                    place = f"{module.__name__}.{name}"
                    case = pytest.param(pattern, how, id=f"{place} {how}")
                    found.setdefault((pattern, how), case)
    return found.values()


def hostile(pattern, *, in_full):
    """What is repeated, and what stands behind it; of two usual pieces together, only in full."""
    is_text = isinstance(pattern.pattern, str)
    written = pattern.pattern if is_text else pattern.pattern.decode()
    own, usual = dict.fromkeys(PLAIN.findall(ESCAPED.sub(" ", written))), dict.fromkeys(USUAL)
    pieces = [*(own | usual)]
    pairs = [
        one + other
        for one, other in itertools.product(pieces, repeat=2)
        if in_full or one in own or other in own
    ]
    texts = itertools.product([*pieces, *pairs], ENDS)
    return [pair if is_text else tuple(map(str.encode, pair)) for pair in texts]


def seconds(pattern, how, piece, end, length):
    text = piece * (length // len(piece)) + end
    started = time.process_time()
    USED[how](pattern, text)
    return time.process_time() - started


def in_proportion(once, twice):
    """Whether the quickest of a few runs is quick enough; None before there are a few. After the
    last run also the one in the middle counts: a single one may find the machine much faster.
    """
    if len(once) < FEWEST_RUNS:
        return None
    ways = (min, median) if len(once) == MOST_RUNS else (min,)
    pairs = ((of(once), of(twice)) for of in ways)
    return any(longer <= MOST * max(short, WELL_ABOVE_NOISE / 2) for short, longer in pairs)


@pytest.mark.long
@pytest.mark.parametrize(("pattern", "how"), expressions())
def test_twice_the_input_takes_twice_the_time(request, pattern, how):
    in_full = request.config.getoption("long")

    def taken(pair):
        return seconds(pattern, how, *pair, SHORT)

    for piece, end in sorted(hostile(pattern, in_full=in_full), key=taken)[-2:]:
        length = SHORT
        while seconds(pattern, how, piece, end, length) < WELL_ABOVE_NOISE and length < LONG:
            length *= 2
        once, twice = [], []  # in turns, so that a busy machine slows both down
        while not (done := in_proportion(once, twice)) and len(once) < MOST_RUNS:
            once.append(seconds(pattern, how, piece, end, length))
            twice.append(seconds(pattern, how, piece, end, 2 * length))
        assert done, (piece, end, length, once, twice)


def test_expressions_are_compiled_where_the_test_finds_them():
    inner = [
        f"{module.__name__}, line {node.lineno}"
        for module, tree in TREES.items()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).startswith("re.")
        and node.func.attr != "escape"
    ]
    assert not inner
