"""The `jitflow` command: a file a command, and main.py, which knows them all."""
