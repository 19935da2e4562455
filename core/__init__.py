"""What templates, readings and invoices are, and how a file becomes one. Knows no cloud."""
