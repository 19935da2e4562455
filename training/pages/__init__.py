"""Measures how pages are found: forms drawn, filled in, and moved as phones and scanners do.

    python -m training.pages [--pages 100] [--templates 10 100 1000] [--seed 1]

Needs no packages beyond those of the tests.
"""
