"""What things cost, as ratios within one run; ``make bench`` prints them, and no test depends on them."""
