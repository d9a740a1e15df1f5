# Posterior summaries from rstanarm, for the Python tests to compare with: writes reference.json and data/mtcars.csv.
# Run as `Rscript make_reference.R` from this folder, in a few minutes; glmnet/make_data.py wrote the diabetes data.
#
# rstanarm centres the columns, and its prior_intercept is about the intercept there. Nothing is autoscaled: every scale
# is in the units of the data, or, where `standardized`, in those of the outcome per 1/n standard deviation of a column.

suppressPackageStartupMessages(library(rstanarm))
library(jsonlite)
library(posterior)
options(warn = 2)  # a chain that diverges only warns: make it stop the script

chains <- 4
kept <- 10000
warmup <- 2000
levels <- c(0.05, 0.25, 0.5, 0.75, 0.95)

dir.create("data", showWarnings = FALSE)
write.csv(datasets::mtcars, "data/mtcars.csv", row.names = FALSE)
files <- c(diabetes = "../glmnet/data/diabetes.csv", mtcars = "data/mtcars.csv")
outcomes <- c(diabetes = "target", mtcars = "mpg")

read <- function(name) {
  data <- read.csv(files[[name]])
  data[setdiff(names(data), "w")]
}

# What a case's words mean, in rstanarm's.
coefficients <- list(laplace = laplace, normal = normal)
aux <- list(
  half_student_t = function(df, scale) student_t(df, 0, scale, autoscale = FALSE),
  half_normal = function(scale) normal(0, scale, autoscale = FALSE),
  half_cauchy = function(scale) cauchy(0, scale, autoscale = FALSE),
  exponential = function(rate) exponential(rate, autoscale = FALSE)
)

summary_of <- function(draws) {
  quantiles <- quantile2(draws, probs = levels, names = FALSE)
  list(
    mean = mean(draws), sd = sd(draws), quantiles = quantiles,
    mcse_mean = mcse_mean(draws), mcse_sd = mcse_sd(draws),
    mcse_quantiles = as.numeric(mcse_quantile(draws, probs = levels, names = FALSE)),
    rhat = rhat(draws), ess_bulk = ess_bulk(draws)
  )
}

run <- function(data, prior, scale, standardized, intercept, sigma) {
  frame <- read(data)
  features <- setdiff(names(frame), outcomes[[data]])
  x <- as.matrix(frame[features])
  center <- colMeans(x)
  sd <- sqrt(colMeans(sweep(x, 2, center)^2))
  fit <- stan_glm(
    reformulate(features, outcomes[[data]]), data = frame, family = gaussian(),
    prior = coefficients[[prior]](0, if (standardized) scale / sd else rep(scale, ncol(x)), autoscale = FALSE),
    prior_intercept = normal(intercept$loc, intercept$scale, autoscale = FALSE),
    prior_aux = do.call(aux[[sigma$prior]], sigma$settings),
    chains = chains, iter = kept + warmup, warmup = warmup, cores = 1, seed = 1, refresh = 0, adapt_delta = 0.99
  )
  found <- as.array(fit)  # (draw, chain, parameter)
  at_center <- found[, , "(Intercept)"]
  for (name in features) at_center <- at_center + center[[name]] * found[, , name]
  list(
    id = paste(data, prior, if (standardized) "standardized" else "raw", sigma$prior, sep = "-"),
    file = files[[data]], outcome = outcomes[[data]], n = nrow(x), features = features,
    prior = prior, scale = scale, standardized = standardized, intercept = intercept, sigma = sigma,
    posterior = c(
      list(intercept = summary_of(found[, , "(Intercept)"]), at_center = summary_of(at_center)),
      list(sigma = summary_of(found[, , "sigma"])),
      list(coef = lapply(setNames(features, features), function(name) summary_of(found[, , name])))
    )
  )
}

half_t <- list(prior = "half_student_t", settings = list(3, 30))
cases <- list(
  run("diabetes", "laplace", 8, TRUE, list(loc = 140, scale = 5), half_t),
  run("diabetes", "normal", 10, TRUE, list(loc = 160, scale = 4), list(prior = "exponential", settings = list(0.5))),
  run("mtcars", "laplace", 0.5, TRUE, list(loc = 18, scale = 1), list(prior = "half_normal", settings = list(2))),
  run("mtcars", "normal", 0.5, FALSE, list(loc = 22, scale = 0.7), list(prior = "half_cauchy", settings = list(1)))
)

json <- function(x) toJSON(x, auto_unbox = TRUE, digits = 10)
head <- json(list(
  rstanarm = as.character(packageVersion("rstanarm")), rstan = as.character(packageVersion("rstan")),
  R = paste(R.version$major, R.version$minor, sep = "."), chains = chains, draws = kept, warmup = warmup,
  levels = levels, md5 = as.list(tools::md5sum(unname(files)))
))
# One case a line, so that a difference in git names the case.
writeLines(c(sub("}$", ", \"cases\": [", head), paste(vapply(cases, json, ""), collapse = ",\n"), "]}"), "reference.json")
