"""Measures how pages are found: forms drawn, filled in, and moved as phones and scanners do.

    python -m training.pages [--pages 100] [--templates 10 100 1000] [--write]

Needs no packages beyond those of the tests. With `--write` figures and pictures go to
docs/alignment.md.
"""
