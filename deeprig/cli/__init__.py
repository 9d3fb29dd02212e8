"""The command line: one module per command, imported only when that command runs."""

from __future__ import annotations

import importlib

import click

from deeprig import __version__

COMMANDS = {
    "init": "Write a starter inventory for your own machines.",
    "inspect": "Tell what hardware each host has, grade it, and say which models fit.",
    "plan": "Show what apply would change on each host, and change nothing.",
    "apply": "Bring the hosts to the state the inventory declares.",
    "pull": "On a host: apply the lab of a git repository to this machine itself.",
    "update": "Bring driver, CUDA, environments and security updates to newer versions.",
    "status": "Show how far a rollout in waves is.",
    "pause": "Let a rollout's wave end, and begin no other.",
    "resume": "Go on with a rollout that is paused, was cut off, or waits.",
    "abort": "End a rollout after the wave under way.",
    "verify": "Prove over a fresh connection that each host is as declared, and trains.",
    "diff-fleet": "Show where hosts that are to be alike differ from each other.",
    "backup": "Back hosts up now, prove their backups, bring files back.",
    "cooling": "Draw the fan curve of a host, and what its cards had in the last hours.",
    "lock": "Solve an environment once and write an explicit, checksummed lock.",
    "bundle": "Put all that hosts without a network need into one file, or check one.",
    "report": "Show a stored report, or turn it into HTML, JUnit or JSON.",
    "lab": "Throwaway test hosts with real systemd, sshd and apt on this machine.",
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only to run it or show its help.

    ``deeprig --help`` must answer in under 0.4 s; pyinfra's imports alone take longer.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import ``deeprig.cli.<name>`` and return its click command of that name.

        A dash in a command's name is an underscore in the module's.
        """
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        module = importlib.import_module(f"deeprig.cli.{name}")
        command = getattr(module, name)
        if not isinstance(command, click.Command):
            raise TypeError(f"deeprig.cli.{name}.{name} is no click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table above, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="deeprig")
def cli() -> None:
    """Turn fresh Ubuntu or Debian machines into deep-learning workstations, and prove it.

    Start with `deeprig init`, or try it on a throwaway host with `deeprig lab up`.
    """
