"""The kinetics of the mechanisms as C++ for the kernel, translated from the same ``*.mod`` files that NEURON gets.

In the membranes, ``gates(keep)`` advances the gates whose rates depend on nothing but the voltage and the step; the
kernel reads these from tables, which it makes with the translated procedure, and calls the rest.

Only what these files use is understood: PARAMETER, STATE, ASSIGNED, INITIAL, BREAKPOINT, NET_RECEIVE, PROCEDURE and
FUNCTION blocks of assignments, calls and branches. Each mechanism becomes a class whose numbers are vectors with one
lane per cell; a branch becomes a selection, lane by lane.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from ...errors import CompilationError

__all__ = ["Mechanism", "kinetics_source", "read_mechanism"]

_TOKEN = re.compile(r"\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|[A-Za-z_]\w*|[<>=!]=|\n|[^\s\w]")
_NUMBER = re.compile(r"\.?\d")
_NAME = re.compile(r"[A-Za-z_]\w*")
_FUNCTIONS = frozenset({"exp", "log", "fabs"})
# What NEURON sets from outside: the voltage of the lanes, and the step.
_GIVEN = frozenset({"v", "dt"})


@dataclass(frozen=True, slots=True)
class Assign:
    """``name = expression``."""

    name: str
    expression: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a procedure."""

    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """``if (condition) {...} else {...}``."""

    condition: tuple[str, ...]
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...]


Statement = Assign | Call | Branch


@dataclass(frozen=True, slots=True)
class Block:
    """One block of statements, with its arguments and local names."""

    arguments: tuple[str, ...] = ()
    local: tuple[str, ...] = ()
    body: tuple[Statement, ...] = ()


@dataclass(slots=True)
class Mechanism:
    """What one ``*.mod`` file says.

    Attributes
    ----------
    name : str
        Its SUFFIX or POINT_PROCESS name.
    parameters : dict of str to float
        Name and default of each parameter: one number for all lanes.
    states, assigned : list of str
        Names of the other variables.
    blocks : dict of str to Block
        INITIAL, BREAKPOINT, NET_RECEIVE, procedures and functions by name.
    functions : set of str
        Those of the blocks that return a number.
    """

    name: str
    parameters: dict[str, float] = field(default_factory=dict)
    states: list[str] = field(default_factory=list)
    assigned: list[str] = field(default_factory=list)
    blocks: dict[str, Block] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)

    @property
    def gates(self) -> list[str]:
        """The states that the procedure ``gates`` advances."""
        found: set[str] = set()
        _assigned(self, self.blocks.get("gates", Block()), found)
        return [name for name in self.states if name in found]

    @property
    def kept(self) -> list[str]:
        """What is kept from step to step: the states, and other variables that are read before they are written."""
        written: set[str] = set()
        early: dict[str, None] = {}
        for name in ("BREAKPOINT", "NET_RECEIVE"):
            if name in self.blocks:
                _trace(self, self.blocks[name], {}, written, early)
        return [*self.states, *(name for name in self.assigned if name in early and name not in _GIVEN)]


def _assigned(mechanism: Mechanism, block: Block, found: set[str]) -> None:
    """Collect what the statements of a block and of the procedures it calls give a value."""

    def follow(statements: Sequence[Statement]) -> None:
        for statement in statements:
            if isinstance(statement, Assign):
                found.add(statement.name)
            elif isinstance(statement, Call):
                _assigned(mechanism, mechanism.blocks[statement.name], found)
            else:
                follow(statement.then)
                follow(statement.otherwise)

    follow(block.body)


def _trace(
    mechanism: Mechanism, block: Block, outer: Mapping[str, str], written: set[str], early: dict[str, None]
) -> None:
    """Follow the statements in their order and note what is read before it is written."""
    hidden = set(block.arguments) | set(block.local) | set(outer)

    def read(tokens: Sequence[str]) -> None:
        for token in tokens:
            if token in mechanism.functions:
                _trace(mechanism, mechanism.blocks[token], {}, written, early)
            elif _NAME.fullmatch(token) and token not in hidden and token not in written:
                early.setdefault(token)

    def follow(statements: Sequence[Statement], certain: bool) -> None:
        for statement in statements:
            if isinstance(statement, Assign):
                read(statement.expression)
                if not certain:
                    read((statement.name,))
                else:
                    written.add(statement.name)
            elif isinstance(statement, Call):
                read(statement.arguments)
                _trace(mechanism, mechanism.blocks[statement.name], {}, written, early)
            else:
                read(statement.condition)
                follow(statement.then, False)
                follow(statement.otherwise, False)

    follow(block.body, True)


# reading --------------------------------------------------------------------------------------------------


def _text(path: Path) -> str:
    """Return a file without comments and units, with what it includes."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"COMMENT.*?ENDCOMMENT|^TITLE[^\n]*|:[^\n]*", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r'INCLUDE "([^"]+)"', lambda match: _text(path.parent / match.group(1)), text)


class _Reader:
    """The tokens of one file, and where it stands in them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tokens = _TOKEN.findall(_text(path))
        self.at = 0

    def peek(self) -> str:
        while self.at < len(self.tokens) and self.tokens[self.at] == "\n":
            self.at += 1
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def next(self, expected: str | None = None) -> str:
        token = self.peek()
        self.at += 1
        if not token:
            raise CompilationError(f"{self.path.name} cannot be translated: it ends within a block.")
        if expected is not None and token != expected:
            raise CompilationError(f"{self.path.name} cannot be translated: expected {expected!r}, found {token!r}.")
        return token

    def line(self) -> list[str]:
        """Return the tokens up to the end of the line or of the block."""
        start = self.at
        while self.at < len(self.tokens) and self.tokens[self.at] not in ("\n", "}"):
            self.at += 1
        return self.tokens[start : self.at]

    def parenthesised(self) -> tuple[str, ...]:
        """Return what stands between a parenthesis and the one that closes it."""
        self.next("(")
        start, depth = self.at, 1
        while depth:
            token = self.next()
            depth += (token == "(") - (token == ")")
        return tuple(token for token in self.tokens[start : self.at - 1] if token != "\n")

    def block(self) -> Block:
        """Read ``{...}`` with statements."""
        self.next("{")
        local: list[str] = []
        body: list[Statement] = []
        while self.peek() != "}":
            body += self._statement(local)
        self.next("}")
        return Block((), tuple(local), tuple(body))

    def _statement(self, local: list[str]) -> Iterator[Statement]:
        word = self.next()
        if word == "LOCAL":
            local += [token for token in self.line() if token != ","]
        elif word == "CONDUCTANCE":
            self.line()  # a hint to NEURON's translator
        elif word == "INITIAL":
            self.block()  # of NET_RECEIVE: how NEURON keeps weights
        elif word == "SOLVE":
            yield Call(self.line()[0], ())
        elif word == "if":
            condition = self.parenthesised()
            then = self.block().body
            otherwise: tuple[Statement, ...] = ()
            if self.peek() == "else":
                self.next()
                otherwise = self.block().body
            yield Branch(condition, then, otherwise)
        elif self.peek() == "(":
            yield Call(word, self.parenthesised())
        else:
            self.next("=")
            yield Assign(word, tuple(self.line()))


def _names(reader: _Reader) -> list[str]:
    """Read ``{ a b (unit) c }``."""
    reader.next("{")
    names: list[str] = []
    while reader.peek() != "}":
        if reader.peek() == "(":
            reader.parenthesised()
        else:
            names.append(reader.next())
    reader.next("}")
    return names


def _parameters(reader: _Reader) -> dict[str, float]:
    """Read ``{ a = 0 (unit) b = -65 }``."""
    reader.next("{")
    found: dict[str, float] = {}
    while reader.peek() != "}":
        if reader.peek() == "(":
            reader.parenthesised()
            continue
        name = reader.next()
        reader.next("=")
        sign = -1.0 if reader.peek() == "-" else 1.0
        if sign < 0:
            reader.next()
        found[name] = sign * float(reader.next())
    reader.next("}")
    return found


def read_mechanism(path: Path) -> Mechanism:
    """Read a ``*.mod`` file.

    Parameters
    ----------
    path : Path
        The file; what it includes lies beside it.

    Raises
    ------
    CompilationError
        It says what this translator does not know.
    """
    reader = _Reader(path)
    mechanism = Mechanism(path.stem)
    while word := reader.peek():
        reader.next()
        if word == "NEURON":
            names = _names(reader)
            mechanism.name = next(b for a, b in pairwise(names) if a in ("SUFFIX", "POINT_PROCESS"))
        elif word == "PARAMETER":
            mechanism.parameters = _parameters(reader)
        elif word == "STATE":
            mechanism.states = _names(reader)
        elif word == "ASSIGNED":
            mechanism.assigned = _names(reader)
        elif word in ("INITIAL", "BREAKPOINT"):
            mechanism.blocks[word] = reader.block()
        elif word in ("PROCEDURE", "FUNCTION", "NET_RECEIVE"):
            name = word if word == "NET_RECEIVE" else reader.next()
            arguments = tuple(token for token in reader.parenthesised() if token != ",")
            block = reader.block()
            mechanism.blocks[name] = Block(arguments, block.local, block.body)
            if word == "FUNCTION":
                mechanism.functions.add(name)
        else:
            raise CompilationError(f"{path.name} cannot be translated: it has a block {word!r}.")
    for block in mechanism.blocks.values():
        foreign = next(_foreign(mechanism, block.body, {*block.arguments, *block.local}), None)
        if foreign is not None:
            raise CompilationError(f"{path.name} cannot be translated: it has no meaning for {foreign!r}.")
    return mechanism


def _foreign(mechanism: Mechanism, body: Sequence[Statement], own: set[str]) -> Iterator[str]:
    """Yield what stands in some statements and is neither known nor a sign of a formula."""
    variables = {*mechanism.parameters, *mechanism.states, *mechanism.assigned, *_GIVEN, *own}
    known = {*variables, *mechanism.functions, *_FUNCTIONS, *"+-*/(),<>"}
    for statement in body:
        formula: tuple[str, ...]
        if isinstance(statement, Assign):
            formula = statement.expression
            if statement.name not in variables | mechanism.functions:
                yield statement.name
        elif isinstance(statement, Call):
            formula = statement.arguments
            if statement.name not in mechanism.blocks:
                yield statement.name
        else:
            formula = statement.condition
            yield from _foreign(mechanism, (*statement.then, *statement.otherwise), own)
        yield from (token for token in formula if token not in known and not _NUMBER.match(token))


# writing --------------------------------------------------------------------------------------------------


def _expression(tokens: Sequence[str]) -> str:
    return " ".join(f"S({token})" if _NUMBER.match(token) else token for token in tokens)


def _statements(body: Sequence[Statement], indent: str, mask: str = "") -> Iterator[str]:
    for statement in body:
        if isinstance(statement, Assign):
            value = _expression(statement.expression)
            if mask:
                value = f"select({mask}, V({value}), {statement.name})"
            yield f"{indent}{statement.name} = {value};"
        elif isinstance(statement, Call):
            if mask:
                raise CompilationError(f"A call of {statement.name} inside a branch cannot be translated.")
            yield f"{indent}{statement.name}({_expression(statement.arguments)});"
        else:
            inner = f"mask{len(indent) // 4}"
            yield f"{indent}{{"
            yield f"{indent}    const auto {inner} = {_expression(statement.condition)};"
            both = f"({mask} & {inner})" if mask else inner
            yield from _statements(statement.then, indent + "    ", both)
            other = f"({mask} & ~{inner})" if mask else f"(~{inner})"
            yield from _statements(statement.otherwise, indent + "    ", other)
            yield f"{indent}}}"


def _method(name: str, block: Block, returns: bool) -> Iterator[str]:
    if block.arguments:
        yield f"    template <{', '.join(f'class T{k}' for k in range(len(block.arguments)))}>"
    given = ", ".join(f"T{k} {argument}" for k, argument in enumerate(block.arguments))
    # gates are advanced by their tables; what makes these is called seldom, and long
    inline = "__attribute__((noinline))" if name == "gates" else "INLINE"
    yield f"    {inline} {'V' if returns else 'void'} {name}({given}) {{"
    names = [*block.local, *([f"{name}_"] if returns else [])]
    if names:
        yield f"        V {', '.join(names)};"
    for statement in block.body:
        if returns and isinstance(statement, Assign) and statement.name == name:  # as NMODL says "return"
            statement = Assign(f"{name}_", statement.expression)
        yield from _statements((statement,), "        ")
    if returns:
        yield f"        return {name}_;"
    yield "    }"


_METHODS = {"INITIAL": "initial", "BREAKPOINT": "currents", "NET_RECEIVE": "net_receive"}


def _class(mechanism: Mechanism) -> Iterator[str]:
    gates = mechanism.gates
    kept = [name for name in mechanism.kept if name not in gates]
    passing = [name for name in mechanism.assigned if name not in kept and name not in _GIVEN]
    yield "template <class V>"
    yield f"struct {mechanism.name} {{"
    yield "    using S = typename V::Scalar;"
    yield f"    static constexpr int n_parameters = {len(mechanism.parameters)};"
    yield f"    static constexpr int n_gates = {len(gates)};"
    yield f"    static constexpr int n_kept = {len(kept)};"
    yield f"    S {', '.join((*mechanism.parameters, 'dt'))};"
    yield f"    V {', '.join((*gates, *kept, *passing, 'v'))};"
    yield "    INLINE void parametrise(const S* from) {"
    yield from (f"        {name} = from[{k}];" for k, name in enumerate(mechanism.parameters))
    yield "    }"
    if gates:
        yield "    INLINE V& gate(int k) {"
        yield f"        V* const all[] = {{{', '.join(f'&{name}' for name in gates)}}};"
        yield "        return *all[k];"
        yield "    }"
    yield f"    INLINE void load({'const V* from' if kept else 'const V*'}) {{"
    yield from (f"        {name} = from[{k}];" for k, name in enumerate(kept))
    yield "    }"
    yield f"    INLINE void store({'V* to' if kept else 'V*'}) const {{"
    yield from (f"        to[{k}] = {name};" for k, name in enumerate(kept))
    yield "    }"
    for name, block in mechanism.blocks.items():
        # what SOLVE names is called on its own: an initial state is not advanced before its currents are computed
        statements = tuple(s for s in block.body if name != "BREAKPOINT" or not isinstance(s, Call))
        method = _METHODS.get(name, name)
        yield from _method(method, Block(block.arguments, block.local, statements), name in mechanism.functions)
    if gates:
        advance = mechanism.blocks["advance"]
        rest = tuple(s for s in advance.body if not (isinstance(s, Call) and s.name == "gates"))
        yield from _method("advance_rest", Block((), advance.local, rest), False)
    yield "};"


def kinetics_source(mechanisms: Sequence[Mechanism]) -> str:
    """Return the C++ header that holds the kinetics of `mechanisms`, one class template each."""
    lines = ["// Made from the mechanisms' *.mod files: change those.", "#pragma once", '#include "lanes.hpp"', ""]
    for mechanism in mechanisms:
        lines += [*_class(mechanism), ""]
    return "\n".join(lines)
