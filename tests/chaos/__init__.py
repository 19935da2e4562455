"""A simulation of the whole way of an invoice, with everything going wrong that can: `make chaos`.

Khana's own code and Google's own client libraries work on the doubles of `tests/emulators` or on
SQLite and a folder. What is drawn from a seed is the order in which they take turns, and what
befalls them. Time is simulated, so hours of waiting cost nothing; the same seed is the same run.
"""
