"""Where a page lies beside the picture of a form, and which of the known forms it is."""
