"""Completion of what is typed."""

from __future__ import annotations

import click

from reid_solve.commands.group import Command


@click.command(cls=Command)
@click.pass_context
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(context: click.Context, shell: str) -> None:
    """Print the script for completion in a shell.

    It completes commands and options. A shell reads it at its start: `eval "$(reid-solve completion bash)"` in
    ~/.bashrc, or `reid-solve completion fish | source` in config.fish.

    \b
    Example:
        reid-solve completion bash
    """
    from click.shell_completion import get_completion_class

    complete = get_completion_class(shell)
    assert complete is not None
    click.echo(complete(context.find_root().command, {}, "reid-solve", "_REID_SOLVE_COMPLETE").source())
