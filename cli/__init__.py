"""The command line `wa`: one module a command, loaded when it is asked for."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout this command line belongs to."""
