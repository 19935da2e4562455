"""Makes the numeric reader's model: fonts, synthetic lines, training, evaluation, export."""
