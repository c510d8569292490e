"""All cases, in the order of the report. A case is one file that makes one or more `Case`s."""

from cases import (
    black_scholes,
    digits_step,
    digits_training,
    elementwise,
    first_call,
    matmul,
    small_call,
    softmax,
)

CASES = (
    *first_call.CASES,
    digits_step.CASE,
    digits_training.CASE,
    small_call.CASE,
    elementwise.CASE,
    black_scholes.CASE,
    softmax.CASE,
    *matmul.CASES,
)
