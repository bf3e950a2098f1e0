"""Words of the command line that are checked where they are given."""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from ._checks import suggestion

__all__ = ["Parser", "change", "jobs", "port"]


def jobs(text: str) -> int:
    """Return a number of processes."""
    try:
        n_jobs = int(text)
    except ValueError:
        n_jobs = 0
    if n_jobs < 1 and n_jobs != -1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes: give 1 or more, or -1 for all cores")
    return n_jobs


def change(text: str) -> tuple[str, Any]:
    """Return name and value of a change."""
    name, sign, value = text.partition("=")
    if not sign or not name.strip().isidentifier():
        raise argparse.ArgumentTypeError(f"{text!r} is not a change: write NAME=VALUE, for example snr=2")
    try:
        return name.strip(), ast.literal_eval(value.strip())
    except (ValueError, SyntaxError):
        return name.strip(), value.strip()  # a plain word, as a shell gives it


def port(text: str) -> int:
    """Return a port of this machine, 0 for any free one."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a port: give a number from 1 to 65535, or 0 for any free one"
        )
    return number


class Parser(argparse.ArgumentParser):
    """A parser whose errors end with the nearest word that there is."""

    def error(self, message: str) -> NoReturn:
        wrong = re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message)
        if wrong:
            message += suggestion(wrong[1], re.findall(r"[\w-]+", wrong[2])).replace(" Did", ". Did")
        super().error(message)

    def flags(self) -> list[str]:
        """Return the long options that there are."""
        return [flag for action in self._actions for flag in action.option_strings if flag.startswith("--")]

    def refuse(self, unknown: Sequence[str]) -> NoReturn:
        """End with what nobody asked for, and what may be meant."""
        option = next((word.partition("=")[0] for word in unknown if word.startswith("-")), None)
        near = suggestion(option, self.flags()) if option else ""
        super().error(f"unrecognized arguments: {' '.join(unknown)}.{near or ' See --help for what there is.'}")
