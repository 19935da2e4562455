"""How every command of `khana` takes its options and shows its tables."""

import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from core.settings import Settings, variable_of

Command = Callable[..., Any]

STORE = ("backend", "bucket", "project", "database", "data")
"""The settings that say which store a command is about."""

option = partial(click.option, show_envvar=True)
"""An option of one command; its variable is `KHANA_`, the command's name and its own."""


class InputFile(click.Path):
    """One of several files: that it can't be read is its own fault, and the others are read."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, readable=False)


class OutputFile(click.Path):
    """A file that is about to be written: its folder must be there, for work is lost otherwise."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, dir_okay=False, writable=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        folder = path.parent
        if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
            self.fail(f"{folder} is not a folder that this user may write to", param, ctx)
        return path


def wide_console() -> Console:
    """A terminal as wide as it is; into a file or pipe, wide enough that no table is cut.

    Brackets are printed as they are: names of files and what was read may hold some.
    """
    return Console(markup=False, width=None if sys.stdout.isatty() else 1000)


def setting_options(*names: str) -> Callable[[Command], Command]:
    """Flags for these settings. Their variables and defaults are those of `core.settings`."""

    def decorate(command: Command) -> Command:
        for name in reversed(names):
            info = Settings.model_fields[name]
            default = "" if info.default is None else f"; default: {info.default}"
            # No click default and no envvar: `load_settings` alone decides what wins.
            command = click.option(
                "--" + name.replace("_", "-"),
                name,
                allow_from_autoenv=False,
                help=f"{info.description}  [env: {variable_of(name)}{default}]",
            )(command)
        return command

    return decorate


def option_variables(context: click.Context) -> set[str]:
    """The variables of the options of this command and of all below it."""
    return set(_variables(context.command, context.auto_envvar_prefix or ""))


def _variables(command: click.Command, prefix: str) -> Iterator[str]:
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.allow_from_autoenv:
            yield f"{prefix}_{parameter.name}".upper()
        if parameter.envvar:
            yield str(parameter.envvar)
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from _variables(each, f"{prefix}_{name.replace('-', '_')}")
