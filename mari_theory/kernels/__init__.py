"""How divergences are computed: array namespaces, one-pass NumPy, numba, and torch with its gradient."""
