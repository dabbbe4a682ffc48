"""The entry point of the command."""

import gc
import os
import sys

INTERRUPTED = 130
#: A batch of comments is thousands of small objects without a cycle among them. Looking through
#: them as often as Python does by itself takes a tenth of the time that labelling takes.
OBJECTS_BEFORE_COLLECTION = 100_000


def run() -> None:
    """Run the command line and end the process."""
    gc.set_threshold(OBJECTS_BEFORE_COLLECTION)
    try:
        from spamguard.cli import main

        main()
    except KeyboardInterrupt:  # while modules were still being imported
        os._exit(INTERRUPTED)
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
