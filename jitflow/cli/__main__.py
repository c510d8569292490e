"""`python -m jitflow.cli`: the command, where no script is on the path."""

import sys

from jitflow.cli.main import main

sys.exit(main())
