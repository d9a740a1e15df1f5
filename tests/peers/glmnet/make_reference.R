# Reference coefficients from glmnet, for the Python tests to compare with: writes reference.json.
# Run as `Rscript make_reference.R` from this folder, after `python make_data.py`.

suppressPackageStartupMessages(library(glmnet))
library(jsonlite)
options(warn = 2)  # a fit that has not converged only warns: make it stop the script

glmnet.control(fdev = 0, devmax = 1)  # never leave the lambda path early
# thresh bounds the squared step of a cycle, so 1e-26 leaves the coefficients within 1e-9. Near
# 1e-30 rounding keeps glmnet from ever getting there.
thresh <- 1e-26
maxit <- 1e8

# jsonlite stops at 15 significant digits, so numbers are spelled out here: 15 digits where they
# already name the double, else 17.
exact <- function(x) {
  text <- sprintf("%.15g", x)
  ifelse(as.numeric(text) == x, text, sprintf("%.17g", x))
}
number <- function(x) structure(exact(x), class = "json")
numbers <- function(x) structure(paste0("[", paste(exact(x), collapse = ", "), "]"), class = "json")

outcomes <- list(gaussian = "target", binomial = "affair", poisson = "above")
files <- list(gaussian = "diabetes", binomial = "fair", poisson = "star98")

run <- function(family, alpha, standardize, intercept = TRUE, weighted = FALSE, factor = NULL) {
  file <- paste0("data/", files[[family]], ".csv")
  data <- read.csv(file)
  outcome <- outcomes[[family]]
  x <- as.matrix(data[setdiff(names(data), c(outcome, "log_total", "w"))])
  fit <- function(alpha, ...) {
    glmnet(
      x, data[[outcome]], family = family, alpha = alpha, standardize = standardize,
      intercept = intercept, weights = if (weighted) data$w, offset = data$log_total,
      penalty.factor = if (is.null(factor)) rep(1, ncol(x)) else factor, ...
    )
  }

  # Scale lambdas by the lasso's lambda_max / alpha (glmnet's own is 1000 lambda_max for ridge). The
  # kept ones go from strong to weak, each rounded; the path above and between them warms the start.
  # glmnet works the first lambda out from the next two, so three is the least that it can be asked.
  top <- fit(max(alpha, 0.5), nlambda = 3)$lambda[1]
  keep <- signif(top * c(0.8, 0.4, 0.15, 0.05, 0.01, 0.001), 3)
  path <- sort(unique(c(keep, top * exp(seq(log(2), log(0.001), length.out = 40)))), decreasing = TRUE)
  found <- fit(alpha, lambda = path, thresh = thresh, maxit = maxit)
  kept <- match(keep, path)
  stopifnot(length(found$lambda) == length(path), all(abs(found$lambda / path - 1) < 1e-12))

  kind <- if (alpha == 1) "lasso" else if (alpha == 0) "ridge" else "enet"
  id <- paste0(
    family, "-", kind, if (weighted) "-weights", if (!intercept) "-nointercept",
    if (!is.null(factor)) "-factor", if (standardize) "-standardized" else "-raw"
  )
  list(
    id = id, file = file, outcome = outcome, family = family, alpha = number(alpha),
    standardize = standardize, intercept = intercept, weights = if (weighted) "w",
    offset = if (!is.null(data$log_total)) "log_total",
    penalty_factor = if (!is.null(factor)) numbers(factor),
    features = I(colnames(x)), lambda = numbers(keep),
    # One row for each lambda; the intercept stands apart from the features' coefficients.
    intercepts = numbers(found$a0[kept]),
    coefficients = lapply(kept, function(k) numbers(found$beta[, k]))
  )
}

cases <- list()
add <- function(...) cases[[length(cases) + 1]] <<- run(...)

for (family in names(files)) {
  for (alpha in c(1, 0, 0.5)) {
    for (standardize in c(TRUE, FALSE)) add(family, alpha, standardize)
  }
}
factor <- c(1, 0, 2, 1, 0.5, 1, 1, 3, 1, 1)  # does not sum to p: glmnet rescales it
for (alpha in c(1, 0.5)) {
  for (standardize in c(TRUE, FALSE)) {
    add("gaussian", alpha, standardize, weighted = TRUE)
    add("gaussian", alpha, standardize, intercept = FALSE)
    add("gaussian", alpha, standardize, factor = factor)
  }
}
for (family in c("binomial", "poisson")) add(family, 0.5, TRUE, weighted = TRUE)

json <- function(x) toJSON(x, auto_unbox = TRUE, null = "null", json_verbatim = TRUE)
head <- json(list(
  glmnet = as.character(packageVersion("glmnet")),
  R = paste(R.version$major, R.version$minor, sep = "."),
  thresh = number(thresh), maxit = number(maxit)
))
# One case a line, so that a difference in git names the case.
writeLines(
  c(
    sub("}$", ", \"cases\": [", head),
    paste(vapply(cases, json, ""), collapse = ",\n"),
    "]}"
  ),
  "reference.json"
)
