"""What `text` fields make of names, addresses and identifiers, and of texts that their box cuts.

    python -m training.texts [--count 85] [--pages 108] [--write]

For measuring alone: Tesseract isn't trained here. Texts are set in families of the training and
validation split, since the thresholds of `core.reading.text` and `core.checking.reach` were chosen
on such.
"""
