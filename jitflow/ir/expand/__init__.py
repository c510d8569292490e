"""Placeholder until the expansions land."""
def _missing(name):
    def expand(b, *operands):
        raise NotImplementedError(name)
    return expand
exp, expm1, log, log1p, tanh, sin, cos, erf, pow = map(_missing, "exp expm1 log log1p tanh sin cos erf pow".split())
