"""proofs: the evidence for each theorem, run by `mari verify`."""
