"""Command lines whose mistakes get one message, with the nearest valid choice."""

from __future__ import annotations

import argparse
import re
from typing import NoReturn

from firmware_models.errors import InputError, nearest


class Parser(argparse.ArgumentParser):
    """An argument parser that raises `InputError` instead of printing its usage."""

    chosen: argparse.ArgumentParser | None = None
    """Parser of the chosen command: leftover options are compared with what it knows."""

    def error(self, message: str) -> NoReturn:
        """Raise the message as an error of the user's input."""
        raise InputError(f"{_with_nearest(message, self)} (see {self.prog} --help)")


def _with_nearest(message: str, parser: Parser) -> str:
    choice = re.search(r"invalid choice: '?([^' ]*)'? \(choose from (.*)\)", message)
    if choice:
        allowed = [name.strip(" '") for name in choice[2].split(",")]
        near = nearest(choice[1], allowed)
        return f"{message[:200]}; nearest: {near}" if near else message[:400]
    unknown = re.match(r"unrecognized arguments: (--[^ =]+)", message)
    if unknown:
        options = (parser.chosen or parser)._option_string_actions
        near = nearest(unknown[1], options)
        return f"unknown option {unknown[1][:80]}" + (f"; nearest: {near}" if near else "")
    return message[:400]
