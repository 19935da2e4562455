"""Measures how pages are found: forms drawn, filled in, and moved as phones and scanners do.

    python -m training.pages [--only moved | choice] [--seed 3] [--write]

Needs no packages beyond those of the tests. With `--write` figures and pictures go to
docs/alignment.md.
"""
