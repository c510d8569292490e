"""The train step of examples/digits.py in each library's own form; a file knows one library.

A form is a function `form(params, velocity)` that gives `step(x, one_hot, rate)`, which keeps the
state and returns (loss, params), in whatever arrays the library likes best. Batches are NumPy's.
"""
