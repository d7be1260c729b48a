"""The command line `rnn-zoo`: one command a file, loaded by name."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import click

from zoo.errors import ZooError


class Commands(click.Group):
    """Finds commands as files of this folder: `cross_validate.py` is `cross-validate`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands."""
        names = (module.name for module in pkgutil.iter_modules(__path__))
        return sorted(name.replace("_", "-") for name in names if not name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the one file of a command; nothing else is imported."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"zoo.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="rnn-zoo")
def app() -> None:
    """Pretrained recurrent networks: pick one, try it, export it, prove the file, run it."""


def main() -> None:
    """Runs the command line; a known error becomes one line on stderr and exit code 2."""
    try:
        app(prog_name="rnn-zoo")
    except ZooError as error:
        click.echo(f"rnn-zoo: {' '.join(str(error).split())}", err=True)
        sys.exit(2)
