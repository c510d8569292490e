"""`bfloat16`, whose package loads with it. Re-exports only."""

from ml_dtypes import bfloat16

__all__ = ["bfloat16"]
