"""The order of the passes: one literal tuple a stage, a reason a line. Nothing else orders them."""

TENSOR: tuple[str, ...] = (
    "inline",  # calls first, so that every later pass sees one flat function
    "canonicalize",  # one form for equal ops; constants on the right, where fold and cse look
    "fold",  # after constants moved right and into place
    "cse",  # after equal ops got equal forms
    "dce",  # after the passes that leave unused ops behind
)
"""Level 2 to level 2: what the user wrote, without what need not be computed."""
