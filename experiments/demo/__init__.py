"""What `mari demo` shows: evidence of three models from the published audit of SmolLM2-135M, and a walk through it.

The files say themselves what they are: laws over a true and five false answers to each forget question, no text of the data.
"""
