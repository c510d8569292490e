"""The train step of examples/digits.py in each library's own form.

A form is a function `form(params, velocity)` in a file `by_LIBRARY`. It gives a function
`step(x, one_hot, rate)` that keeps the state, in whatever arrays the library likes best, and
returns (loss, params). Batches are NumPy's.
"""
