"""From a Python call to a graph: pytrees, specs, tracers, source lines. Re-exports only."""
