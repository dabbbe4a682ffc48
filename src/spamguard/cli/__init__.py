"""The command line: one module a command; parses, calls, prints; owns messages and exit codes."""

import errno
import importlib
import sys
from typing import Any

import click

import spamguard
from spamguard.errors import SpamguardError

EXPECTED_ERROR = 3
INTERRUPTED = 130
#: What the system says when a disk, or what a user may have of it, is full.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

#: Each command and what ``--help`` says of it. Its module is imported when it is called.
COMMANDS = {
    "train": "Train a model on labelled comments.",
    "score": "Score comments from a file or stdin.",
    "label": "Label the comments in a file.",
    "convert": "Write the comments in any readable file as a table.",
    "undo": "Take back what label changed in an export.",
    "explain": "Show what moved the verdict on a comment.",
    "evaluate": "Measure how good a model is.",
    "info": "Show what is in a model.",
}


class Commands(click.Group):
    """Finds a command in its module, and turns the error family into one line each.

    Everything else that goes wrong is a bug and keeps its traceback.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"spamguard.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            if not _raised_in_click(error):
                raise
            # Help or version that cannot be written.
            from spamguard.cli.common import fail, silence

            silence(sys.stdout)
            fail(f"stdout cannot be written: {error.strerror}")
            sys.exit(EXPECTED_ERROR)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SpamguardError as error:
            from spamguard.cli.common import fail

            fail(str(error))
            ctx.exit(EXPECTED_ERROR)
        except BrokenPipeError:
            from spamguard.cli.common import silence

            silence(sys.stdout)
            ctx.exit(0)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            # Outputs and temporary files say so themselves: this is most likely numba's cache.
            from spamguard.cli.common import fail

            fail(
                f"a file cannot be kept: {error.strerror}; NUMBA_CACHE_DIR names another folder"
                " for what is compiled, TMPDIR one for temporary files"
            )
            ctx.exit(EXPECTED_ERROR)


def _raised_in_click(error: OSError) -> bool:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_globals["__name__"].startswith("click.")


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Begin with: spamguard label comments.csv --dry-run, which writes nothing."
    " Each command has --help.",
)
@click.version_option(spamguard.__version__, prog_name="spamguard")
def main() -> None:
    """A comment spam filter that runs on your own machine.

    It learns from labelled comments, scores new ones, says why, and says how good it is.
    Nothing is ever sent anywhere.
    """
