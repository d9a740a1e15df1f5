"""The Gibbs engine: from a regression to what its kernels work on, and the chains."""
