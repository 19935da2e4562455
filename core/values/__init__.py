"""What texts mean: numbers, amounts and dates, of either family of digits."""
