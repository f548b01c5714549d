"""proofs: the evidence for each theorem, one room a theorem (`proofs.theorems`), run by `mari verify`."""
