"""The same quantities in ball arithmetic (`balls`), and which floats are certainly bounds (`bounds`)."""
