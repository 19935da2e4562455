"""What tells that a reading may be wrong, and what vouches for it: a file a kind of doubt."""
