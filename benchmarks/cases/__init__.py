"""All cases, in the order of the report. A case is one file that makes one or more `Case`s."""

from cases import (
    black_scholes,
    digits_step,
    digits_training,
    elementwise,
    first_call,
    first_gradient,
    imports,
    matmul,
    memory,
    sessions,
    small_call,
    softmax,
    training,
    workloads,
)

CASES = (
    *first_call.CASES,
    *first_gradient.CASES,
    *imports.CASES,
    digits_step.CASE,
    digits_training.CASE,
    *training.CASES,
    *sessions.CASES,
    *small_call.CASES,
    elementwise.CASE,
    black_scholes.CASE,
    softmax.CASE,
    *matmul.CASES,
    *memory.CASES,
    *workloads.CASES,
)
