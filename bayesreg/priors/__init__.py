"""What is believed of the coefficients: priors, the penalties that they equal, and the dictionary between them."""
