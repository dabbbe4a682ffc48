"""The command line: parses, calls, prints; owns messages and exit codes."""

import os
import sys
from typing import Any

import click

import spamguard
from spamguard.cli.common import fail
from spamguard.cli.inspecting import info
from spamguard.cli.learning import evaluate, train
from spamguard.cli.scoring import explain, label, score
from spamguard.errors import SpamguardError

EXPECTED_ERROR = 3
INTERRUPTED = 130


class Commands(click.Group):
    """Turns the error family into one line each; all else is a bug and keeps its traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SpamguardError as error:
            fail(str(error))
            ctx.exit(EXPECTED_ERROR)
        except BrokenPipeError:
            # The reader has gone. Nothing more can be said on stdout, not even at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(spamguard.__version__, prog_name="spamguard")
def main() -> None:
    """A comment spam filter that runs on your own machine.

    It learns from labelled comments, scores new ones, says why, and says how good it is.
    Nothing is ever sent anywhere.
    """


for command in (train, score, label, explain, evaluate, info):
    main.add_command(command)
