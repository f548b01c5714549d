"""The `mari` command: one file a command, put together by `main`."""
