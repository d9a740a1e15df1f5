# One R sampler on one data set; `posterior.py` starts it as
# `Rscript posterior_peers.R PEER FOLDER chains tune draws repeats`. FOLDER holds raw doubles: Z.bin (columns in turn),
# y.bin, and meta.bin (n, p, b, spread); draws.bin (chain, draw, p + 2) and times.bin (wall clock and processor seconds of
# each call) go there. Starting R and loading the packages is not counted, and rstanarm's program comes compiled.

args <- commandArgs(trailingOnly = TRUE)
peer <- args[1]
at <- function(name) file.path(args[2], name)
counts <- as.integer(args[3:6])
chains <- counts[1]
tune <- counts[2]
kept <- counts[3]
read <- function(name, size) readBin(at(name), "double", size)

meta <- read("meta.bin", 4)
n <- meta[1]
p <- meta[2]
b <- meta[3]
spread <- meta[4]
Z <- matrix(read("Z.bin", n * p), n, p)
y <- read("y.bin", n)

rstanarm <- function(chains, tune, kept, seed) {
  data <- data.frame(y = y)
  data$Z <- Z
  fit <- stan_glm(
    y ~ Z, data = data, family = gaussian(), prior = laplace(0, b, autoscale = FALSE), prior_intercept = NULL,
    prior_aux = student_t(3, 0, spread, autoscale = FALSE), chains = chains, iter = tune + kept, warmup = tune,
    cores = 1, seed = seed, refresh = 0
  )
  found <- as.array(fit)  # (draw, chain, parameter): the intercept first
  found <- found[, , c(2:(p + 1), 1, p + 2), drop = FALSE]
  aperm(found, c(2, 1, 3))
}

model_of_jags <- "model {
  mu <- intercept + Z %*% beta
  for (i in 1:n) { y[i] ~ dnorm(mu[i], tau) }
  for (j in 1:p) { beta[j] ~ ddexp(0, rate) }
  intercept ~ dnorm(0, 1.0E-10)
  sigma ~ dt(0, precision, 3) T(0, )
  tau <- 1 / sigma^2
}"

jags <- function(chains, tune, kept, seed) {
  load.module("glm", quiet = TRUE)
  data <- list(Z = Z, y = y, n = n, p = p, rate = 1 / b, precision = 1 / spread^2)
  start <- lapply(seq_len(chains), function(chain) {
    list(intercept = mean(y), sigma = sd(y), .RNG.name = "base::Mersenne-Twister", .RNG.seed = seed + chain)
  })
  model <- jags.model(textConnection(model_of_jags), data, start, chains, n.adapt = tune, quiet = TRUE)
  found <- coda.samples(model, c("beta", "intercept", "sigma"), kept, progress.bar = "none")
  aperm(simplify2array(lapply(found, as.matrix)), c(3, 1, 2))
}

packages <- list(rstanarm = "rstanarm", jags = "rjags")
suppressPackageStartupMessages(library(packages[[peer]], character.only = TRUE))
options(warn = -1)
call <- get(peer, envir = globalenv(), mode = "function")
clock <- function() {
  spent <- proc.time()
  c(spent[["elapsed"]], sum(spent[c("user.self", "sys.self", "user.child", "sys.child")]))
}
times <- c()
for (seed in seq_len(counts[4])) {
  start <- clock()
  draws <- call(chains, tune, kept, seed)
  times <- c(times, clock() - start)
  writeBin(as.vector(draws), at("draws.bin"))
  writeBin(times, at("times.bin"))
}
