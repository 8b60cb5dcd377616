"""`python -m local`."""

import signal

# Until the commands are loaded, Ctrl-C ends Python without a traceback: nothing has begun.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from local.cli import main  # noqa: E402

main()
