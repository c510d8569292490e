"""All cases, in the order of the report. A case is one file that makes one or more `Case`s."""

from cases import (
    black_scholes,
    digits_step,
    digits_training,
    elementwise,
    first_call,
    imports,
    matmul,
    memory,
    pipeline,
    small_call,
    softmax,
    workloads,
)

CASES = (
    *first_call.CASES,
    *imports.CASES,
    digits_step.CASE,
    digits_training.CASE,
    *small_call.CASES,
    elementwise.CASE,
    black_scholes.CASE,
    softmax.CASE,
    *matmul.CASES,
    *memory.CASES,
    pipeline.CASE,
    *workloads.CASES,
)
