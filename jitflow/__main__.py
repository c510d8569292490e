"""`python -m jitflow`: the command, where no script of that name is."""

import sys

from jitflow.cli.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
