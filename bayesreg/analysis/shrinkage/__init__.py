"""How much of each coefficient is the prior's."""
