"""Hamiltonian Monte Carlo on the regression's log density, all chains at once, without compiled code."""
