"""Count what makes a code base hard to read: ``python tests/style_counts.py [FOLDER]``.

Counts are of the syntax tree of every module of the package (``mne_hnn`` unless another folder is named), so that two
states of it, or two code bases, can be held side by side.
"""

from __future__ import annotations

import ast
import re
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef

MANY_ARGUMENTS = 8
LONG_BODY = 50
PACKAGE = Path(__file__).parent.parent / "mne_hnn"


@dataclass
class Counts:
    """What was counted; names are ``module:function``."""

    lines: dict[str, int] = field(default_factory=dict)
    arguments: dict[str, int] = field(default_factory=dict)
    positional: dict[str, int] = field(default_factory=dict)
    bodies: dict[str, int] = field(default_factory=dict)
    untyped: list[str] = field(default_factory=list)
    undocumented: list[str] = field(default_factory=list)
    foreign_private: list[str] = field(default_factory=list)
    skips: int = 0
    float_arrays: list[str] = field(default_factory=list)

    @property
    def many_arguments(self) -> dict[str, int]:
        """Functions with more than eight arguments, most first."""
        found = {name: count for name, count in self.arguments.items() if count > MANY_ARGUMENTS}
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    @property
    def long_bodies(self) -> dict[str, int]:
        """Functions whose body has more than fifty lines, longest first."""
        found = {name: count for name, count in self.bodies.items() if count > LONG_BODY}
        return dict(sorted(found.items(), key=lambda item: -item[1]))


def functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function, bool]]:
    """Yield each function with its qualified name, and whether it is a method."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function):
            yield f"{prefix}{node.name}", node, isinstance(tree, ast.ClassDef)
            yield from functions(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.ClassDef):
            yield from functions(node, f"{prefix}{node.name}.")
        else:
            yield from functions(node, prefix)


def arguments(function: Function, method: bool) -> list[ast.arg]:
    """Return the arguments a caller gives: not self or cls."""
    listed = [*function.args.posonlyargs, *function.args.args]
    static = any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in function.decorator_list)
    if method and not static:
        listed = listed[1:]
    return [*listed, *function.args.kwonlyargs]


def body_lines(function: Function) -> int:
    """Return the number of lines of a body, without its docstring."""
    body = function.body
    if ast.get_docstring(function, clean=False) is not None:
        body = body[1:]
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0  # type: ignore[operator]


def foreign_private(node: ast.AST, folder: tuple[str, ...]) -> str | None:
    """Return the underscore module of another folder that an import reaches into; root modules do not count."""
    if not isinstance(node, ast.ImportFrom) or node.level < 2:
        return None
    base = folder[: len(folder) - (node.level - 1)]
    named = tuple((node.module or "").split(".")) if node.module else ()
    for target in (named, *((*named, alias.name) for alias in node.names)):
        place = (*base, *target)
        private = [part for part in place if part.startswith("_") and not part.startswith("__")]
        if private and len(place) > 1 and not place[0].startswith("_"):
            return ".".join(place)
    return None


def count(package: Path) -> Counts:
    """Count all modules of a package."""
    counts = Counts()
    for file in sorted(package.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        name = file.relative_to(package).as_posix()
        tree = ast.parse(text)
        counts.lines[name] = text.count("\n")
        counts.skips += len(re.findall(r"#\s*fmt:\s*skip", text))
        if re.search(r"^FloatArray\s*=", text, flags=re.MULTILINE):
            counts.float_arrays.append(name)
        folder = file.relative_to(package).parent.parts
        for node in ast.walk(tree):
            reached = foreign_private(node, folder)
            if reached:
                counts.foreign_private.append(f"{name}: {reached}")
        for title, function, method in functions(tree):
            key = f"{name}:{title}"
            given = arguments(function, method)
            counts.arguments[key] = len(given)
            counts.positional[key] = len(given) - len(function.args.kwonlyargs)
            counts.bodies[key] = body_lines(function)
            counts.untyped += [f"{key}({one.arg})" for one in given if one.annotation is None]
            public = not any(part.startswith("_") for part in (*file.relative_to(package).parts, *title.split(".")))
            overload = any(getattr(one, "id", "") == "overload" for one in function.decorator_list)  # only a type
            if public and not overload and ast.get_docstring(function) is None:
                counts.undocumented.append(key)
    return counts


def text_of(counts: Counts) -> str:
    """Return the counts as text."""
    longest = max(counts.lines, key=lambda name: counts.lines[name])
    body = max(counts.bodies, key=lambda name: counts.bodies[name])
    most = max(counts.arguments, key=lambda name: counts.arguments[name])
    rows = [
        ("files", str(len(counts.lines))),
        ("lines, median of files", f"{statistics.median(counts.lines.values()):g}"),
        ("lines, longest file", f"{counts.lines[longest]} ({longest})"),
        ("functions", str(len(counts.arguments))),
        (f"functions with bodies over {LONG_BODY} lines", str(len(counts.long_bodies))),
        ("lines, longest body", f"{counts.bodies[body]} ({body})"),
        (f"functions with more than {MANY_ARGUMENTS} arguments", str(len(counts.many_arguments))),
        ("arguments, most", f"{counts.arguments[most]} ({most})"),
        ("functions with more than 5 positional arguments", str(sum(n > 5 for n in counts.positional.values()))),
        ("arguments without a type", str(len(counts.untyped))),
        ("public functions without docstring", str(len(counts.undocumented))),
        ("fmt: skip", str(counts.skips)),
        ("imports of another folder's underscore module", str(len(counts.foreign_private))),
        ("definitions of FloatArray", str(len(counts.float_arrays))),
    ]
    width = max(len(title) for title, _ in rows)
    return "\n".join(f"{title:<{width}}  {value}" for title, value in rows)


if __name__ == "__main__":
    found = count(Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE)
    sys.stdout.write(text_of(found) + "\n")
    for title, listed in (("more arguments", found.many_arguments), ("longer bodies", found.long_bodies)):
        sys.stdout.write(f"\n{title}:\n" + "".join(f"  {number:3d}  {name}\n" for name, number in listed.items()))
