"""What is printed in a box: numbers by networks of our own, words by Tesseract."""
