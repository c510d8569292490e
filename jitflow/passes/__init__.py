"""Passes from IR to IR. One pass, one file, one public function; `pipeline.py` holds the order."""
