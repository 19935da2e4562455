"""Invoices as files for others: tables, documents, and labelled pictures to train on."""
