"""What an NMODL file says of itself: name, parameters, variables, ions; its equations are for NEURON's translator."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ..errors import ParameterError

__all__ = ["Ion", "Outline", "has_code", "outline", "renamed"]

_HIDDEN = re.compile(
    r"^[ \t]*COMMENT\b.*?^[ \t]*ENDCOMMENT\b|\bVERBATIM\b.*?\bENDVERBATIM\b|^[ \t]*TITLE[^\n]*|[:?][^\n]*",
    re.DOTALL | re.MULTILINE,
)
_WORD = re.compile(r"[A-Za-z_]\w*|[-+]?\d[\d.]*(?:[eE][-+]?\d+)?|[^\s\w,]")
_NAME = re.compile(r"[A-Za-z_]\w*")
_STATEMENTS = frozenset(
    {
        "SUFFIX",
        "POINT_PROCESS",
        "ARTIFICIAL_CELL",
        "USEION",
        "NONSPECIFIC_CURRENT",
        "ELECTRODE_CURRENT",
        "SECTION",
        "RANGE",
        "GLOBAL",
        "POINTER",
        "BBCOREPOINTER",
        "EXTERNAL",
        "THREADSAFE",
        "RANDOM",
        "REPRESENTS",
    }
)
_DECLARED = re.compile(
    r"(?P<name>[A-Za-z_]\w*)'?(?P<array>\s*\[[^\]]*\])?"
    r"(?:\s*=\s*(?P<value>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?))?"
    r"(?:\s*\((?P<unit>[^()]*)\))?"
    r"(?:\s*<[^>]*>)?(?:\s*(?:FROM|START|TO|WITH)\s+[-+.\w]+)*"
)


@dataclass(frozen=True, slots=True)
class Ion:
    """One ion of a mechanism, and what of it the mechanism reads and writes."""

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]

    @property
    def current(self) -> str:
        """Name of its current."""
        return f"i{self.name}"

    @property
    def reversal(self) -> str:
        """Name of its reversal potential."""
        return f"e{self.name}"

    @property
    def concentrations(self) -> tuple[str, str]:
        """Names of its concentrations inside and outside."""
        return f"{self.name}i", f"{self.name}o"


@dataclass(slots=True)
class Outline:
    """What one file declares.

    Attributes
    ----------
    statements : dict of str to list of str
        The names after each keyword of the NEURON block.
    ions : list of Ion
        Those of USEION.
    declared : dict of str to (value or None, unit)
        Scalars of PARAMETER.
    units : dict of str to str
        Unit of each scalar of PARAMETER, ASSIGNED and STATE.
    states : list of str
        Scalars of STATE.
    arguments : tuple of str | None
        Those of NET_RECEIVE; None without such a block.
    includes : list of str
        Files that it includes.
    words : frozenset of str
        All names that appear outside comments.
    """

    statements: dict[str, list[str]] = field(default_factory=dict)
    ions: list[Ion] = field(default_factory=list)
    declared: dict[str, tuple[float | None, str]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    states: list[str] = field(default_factory=list)
    arguments: tuple[str, ...] | None = None
    includes: list[str] = field(default_factory=list)
    words: frozenset[str] = frozenset()


def _code(text: str) -> str:
    """Return a text with blanks for comments and titles: what is left stays where it is."""
    return _HIDDEN.sub(lambda hidden: re.sub(r"[^\n]", " ", hidden.group()), text)


def renamed(text: str, keyword: str, name: str) -> str:
    """Return an NMODL text with another name after the keyword of its NEURON block, as NEURON's translator takes it.

    That refuses letters beyond ASCII, which comments may have. Lines keep their numbers.
    """
    found = re.search(rf"\b{keyword}\s+([A-Za-z_]\w*)", _code(text))
    assert found is not None
    text = text[: found.start(1)] + name + text[found.end(1) :]
    return _HIDDEN.sub(lambda hidden: re.sub(r"[^\x00-\x7f]", ".", hidden.group()), text)


def _blocks(code: str, keyword: str) -> Iterator[tuple[str, str]]:
    """Yield what stands between a keyword and its brace, and what stands in the braces."""
    for found in re.finditer(rf"\b{keyword}\b([^{{}}]*)\{{", code):
        depth, at = 1, found.end()
        while depth and at < len(code):
            depth += (code[at] == "{") - (code[at] == "}")
            at += 1
        if depth:
            raise ParameterError(f"its {keyword} block is not closed: a brace is missing")
        yield found.group(1), code[found.end() : at - 1]


def _declarations(code: str, keyword: str) -> Iterator[re.Match[str]]:
    for _, content in _blocks(code, keyword):
        yield from _DECLARED.finditer(content)


def _ion(words: Sequence[str]) -> Ion:
    parts: dict[str, list[str]] = {"READ": [], "WRITE": [], "VALENCE": [], "REPRESENTS": []}
    current: list[str] = []
    for word in words[1:]:
        current = parts.get(word, current)
        if word not in parts:
            current.append(word)
    return Ion(words[0], tuple(parts["READ"]), tuple(parts["WRITE"]))


def _read_head(content: str, found: Outline) -> None:
    keyword, words = "", list[str]()

    def finish() -> None:
        """Enter the statement that ended."""
        if keyword == "USEION" and words:
            found.ions.append(_ion(words))
        elif keyword:
            found.statements.setdefault(keyword, []).extend(words)

    for word in _WORD.findall(content):
        # REPRESENTS also belongs to USEION
        if word in _STATEMENTS and not (word == "REPRESENTS" and keyword == "USEION"):
            finish()
            keyword, words = word, []
        else:
            words.append(word)
    finish()


def outline(text: str) -> Outline:
    """Return what an NMODL text declares.

    Parameters
    ----------
    text : str
        The content of the file.

    Raises
    ------
    ParameterError
        It is no NMODL; the sentence's predicate, without its subject.
    """
    code = _code(text)
    foreign = re.search(r"[^\x00-\x7f]", code)
    if foreign is not None:
        number = 1 + code.count("\n", 0, foreign.start())
        raise ParameterError(
            f"line {number} has {foreign.group()!r}, and NMODL has ASCII letters only, but in comments"
        )
    found = Outline(words=frozenset(_NAME.findall(code)))
    found.includes = re.findall(r'\bINCLUDE\s+"([^"]+)"', code)
    heads = [content for between, content in _blocks(code, "NEURON") if not between.strip()]
    if not heads:
        raise ParameterError("it has no NEURON block, so it is no NMODL mechanism")
    for content in heads:
        _read_head(content, found)
    for part in _declarations(code, "PARAMETER"):
        if not part["array"]:
            found.units[part["name"]] = (part["unit"] or "").strip()
            value = None if part["value"] is None else float(part["value"])
            found.declared[part["name"]] = (value, found.units[part["name"]])
    for keyword in ("ASSIGNED", "STATE"):
        for part in _declarations(code, keyword):
            if part["array"]:
                continue
            found.units.setdefault(part["name"], (part["unit"] or "").strip())
            if keyword == "STATE":
                found.states.append(part["name"])
    for between, _ in _blocks(code, "NET_RECEIVE"):
        inside = re.sub(r"\([^()]*\)", " ", between.strip().removeprefix("(").removesuffix(")"))
        found.arguments = tuple(_NAME.findall(inside))
    return found


def has_code(text: str) -> bool:
    """Return whether an NMODL text has more than equations: C code (VERBATIM), or texts, which functions of C take."""
    if re.search(r"\bVERBATIM\b", text):  # wherever it stands: what is a remark here need not be one to NEURON
        return True
    return '"' in _HIDDEN.sub(" ", text)
