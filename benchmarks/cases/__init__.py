"""All cases, in the order of the report. A case is one file that makes one or more `Case`s."""

from cases import digits_step, first_call

CASES = (*first_call.CASES, digits_step.CASE)
