"""The entry point of the command."""

import gc
import os
import signal
import sys
from types import FrameType

INTERRUPTED = 130
#: A batch of comments is thousands of small objects without a cycle among them. Looking through
#: them as often as Python does by itself takes a tenth of the time that labelling takes.
OBJECTS_BEFORE_COLLECTION = 100_000


class _EndedError(BaseException):
    """A signal asks for the end; what is half-written goes on the way out, as with Ctrl-C."""


def _clear_up_when_ended() -> None:
    """Let SIGTERM (``kill``, ``timeout``) and SIGHUP (a closed terminal) pass as exceptions.

    A worker, which has nothing to clear up, dies by them at once; ``nohup`` holds.
    """
    main = os.getpid()

    def end(number: int, _: FrameType | None) -> None:
        if os.getpid() != main:
            _die_by(number)
        raise _EndedError(number)

    for name in ("SIGTERM", "SIGHUP"):  # Windows has one of them
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, end)


def _die_by(number: int) -> None:
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)


def run() -> None:
    """Run the command line and end the process."""
    gc.set_threshold(OBJECTS_BEFORE_COLLECTION)
    _clear_up_when_ended()
    try:
        from spamguard.cli import main

        main()
    except KeyboardInterrupt:  # while modules were still being imported
        os._exit(INTERRUPTED)
    except _EndedError as end:
        _die_by(end.args[0])
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
