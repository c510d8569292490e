"""How each family of tensor ops becomes loops over buffers; `passes/lower.py` joins them."""
