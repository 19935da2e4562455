"""What templates, readings and invoices are, and how a file becomes one. Knows no cloud.

Here is what all parts share, and the way of an invoice: `pipeline` and `extract`. Each package is a
part of that way: `intake`, `formats`, `alignment`, `reading`, `checking`, `values`, `export`,
`webhooks`. What stands outside is in `adapters`.
"""
