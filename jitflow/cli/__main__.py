"""How a process starts the command: `jitflow`, and `python -m jitflow`."""

import sys

from jitflow.errors import ConfigError

try:
    from jitflow.cli.main import main
except ConfigError as error:  # settings are read while it is imported
    print(f"jitflow: {error}", file=sys.stderr)
    raise SystemExit(2) from None

if __name__ == "__main__":
    sys.exit(main())
