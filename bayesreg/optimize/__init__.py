"""Point estimates by independent routes, and the certificate that judges any of them."""
