"""Other people's tools, each in its own file."""
