"""How every command of `khana` takes its options and shows its tables."""

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import click
from rich.console import Console

from core.settings import Settings

Command = Callable[..., Any]

option = partial(click.option, show_envvar=True)
"""An option of one command; its variable is `KHANA_`, the command's name and its own."""


def wide_console() -> Console:
    """A terminal as wide as it is; into a file or pipe, wide enough that no table is cut."""
    return Console() if sys.stdout.isatty() else Console(width=1000)


def setting_options(*names: str) -> Callable[[Command], Command]:
    """Flags for these settings. Their variables and defaults are those of `core.settings`."""

    def decorate(command: Command) -> Command:
        for name in reversed(names):
            info = Settings.model_fields[name]
            # No click default and no envvar: `load_settings` alone decides what wins.
            command = click.option(
                "--" + name.replace("_", "-"),
                name,
                allow_from_autoenv=False,
                help=f"{info.description}  [env: KHANA_{name.upper()}; default: {info.default}]",
            )(command)
        return command

    return decorate
