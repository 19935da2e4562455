"""How files come in: from the sources that are watched, each once, and none is lost."""
