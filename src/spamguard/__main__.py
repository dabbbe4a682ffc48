"""The entry point of the command."""

import gc
import os
import signal
import sys

INTERRUPTED = 130
#: What a system or a terminal ends a run with that is not to go on.
ENDINGS = ("SIGTERM", "SIGHUP")
#: A batch of comments is thousands of small objects without a cycle among them. Looking through
#: them as often as Python does by itself takes a tenth of the time that labelling takes.
OBJECTS_BEFORE_COLLECTION = 100_000


class Ended(BaseException):
    """The run was told to end. On its way out it takes away what is unfinished."""


def _end_tidily() -> None:
    """Let the signals that end a run raise ``Ended``, where they were to end it anyway.

    A second one ends it at once, and so does the first one in a process that scores for it.
    """
    here = os.getpid()

    def end(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        if os.getpid() != here:
            signal.raise_signal(number)
        raise Ended(number)

    for name in ENDINGS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, end)


def run() -> None:
    """Run the command line and end the process."""
    gc.set_threshold(OBJECTS_BEFORE_COLLECTION)
    try:
        _end_tidily()
        from spamguard.cli import main

        main()
    except KeyboardInterrupt:  # while modules were still being imported
        os._exit(INTERRUPTED)
    except Ended as ended:
        signal.raise_signal(ended.args[0])
    except SystemExit as end:
        # Taking the interpreter down costs a sixth of the time one comment takes, and on the
        # light path nothing is left to do: every answer was flushed, no library keeps a file.
        if isinstance(end.code, int) and "numpy" not in sys.modules:
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
            os._exit(end.code)
        raise


if __name__ == "__main__":
    run()
