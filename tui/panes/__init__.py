"""The screens of the dashboard, one module each; every one draws a snapshot and computes nothing."""
