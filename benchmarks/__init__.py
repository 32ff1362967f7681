"""What Ava promises about speed, measured. docs/performance.md says how to read the figures."""
