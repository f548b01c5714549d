"""The audit: orchestration, rows, results, report, figures."""
