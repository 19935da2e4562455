"""Khana on Google Cloud: files come from Drive, objects are kept in Cloud Storage."""
