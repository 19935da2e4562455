"""One file per picture format: what its bytes look like, and how they become pixels.

`core.page` is the door in front of them, through which alone others open files: it enforces the
limits before anything here makes a pixel. `decoding` has that done by a process of its own.
"""
