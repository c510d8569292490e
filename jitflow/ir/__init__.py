"""The typed SSA IR: ground floor of jitflow, on NumPy alone."""
