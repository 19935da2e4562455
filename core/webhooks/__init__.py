"""Other programs told of what became of an invoice."""
