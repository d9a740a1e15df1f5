"""The public names; they are stated here once, for type checkers and for loading on first use."""

from . import errors as errors
from .analysis.budget.budget import Budget as Budget
from .analysis.budget.budget import budget as budget
from .analysis.budget.budget import strength_for_budget as strength_for_budget
from .analysis.comparison.compare import Comparison as Comparison
from .analysis.comparison.compare import compare as compare
from .analysis.explanation.explain import explain as explain
from .analysis.explanation.explanation import Explanation as Explanation
from .analysis.in_passes import sample_in_passes as sample_in_passes
from .analysis.pool import pool as pool
from .analysis.predict import Prediction as Prediction
from .analysis.predict import predict as predict
from .analysis.shrinkage.sensitivity import prior_sensitivity as prior_sensitivity
from .analysis.shrinkage.shrinkage import Shrinkage as Shrinkage
from .analysis.shrinkage.shrinkage import shrinkage as shrinkage
from .analysis.sparsity.dss import DecoupledSelection as DecoupledSelection
from .analysis.sparsity.dss import decoupled_selection as decoupled_selection
from .analysis.sparsity.projection import Projection as Projection
from .analysis.sparsity.projection import projection_predictive as projection_predictive
from .analysis.sparsity.sparse_posterior import sparse_posterior as sparse_posterior
from .analysis.sparsity.sparsity import Sparsity as Sparsity
from .analysis.sparsity.sparsity import sparsity as sparsity
from .analysis.total_loss import TotalLoss as TotalLoss
from .analysis.total_loss import total_loss as total_loss
from .design.datasets import load_dataset as load_dataset
from .design.moments import Moments as Moments
from .design.sources.one_pass import moments as moments
from .families.base import Family as Family
from .families.laplace import LaplaceNoise as LaplaceNoise
from .families.negative_binomial import NegativeBinomial as NegativeBinomial
from .families.student_t import StudentT as StudentT
from .find_map.find_map import find_MAP as find_MAP
from .model.regression import Regression as Regression
from .optimize.certificate import Certificate as Certificate
from .optimize.certificate import certify as certify
from .optimize.estimate import Estimate as Estimate
from .optimize.in_passes import PassesEstimate as PassesEstimate
from .optimize.in_passes import map_in_passes as map_in_passes
from .optimize.least_squares import least_squares as least_squares
from .optimize.map_estimate import map_estimate as map_estimate
from .optimize.path import Path as Path
from .optimize.path import path as path
from .optimize.path import strength_max as strength_max
from .optimize.penalized import penalized_estimate as penalized_estimate
from .plots import (
    plot_budget as plot_budget,
)
from .plots import (
    plot_dss as plot_dss,
)
from .plots import (
    plot_kappa as plot_kappa,
)
from .plots import (
    plot_lesson as plot_lesson,
)
from .plots import (
    plot_path as plot_path,
)
from .plots import (
    plot_posterior_map as plot_posterior_map,
)
from .plots import (
    plot_prior as plot_prior,
)
from .plots import (
    plot_prior_posterior as plot_prior_posterior,
)
from .plots import (
    plot_selection as plot_selection,
)
from .plots import (
    plot_shrinkage as plot_shrinkage,
)
from .plots import (
    plot_sparsity as plot_sparsity,
)
from .priors.base import Prior as Prior
from .priors.blocks import Blocks as Blocks
from .priors.column_scales import ColumnScales as ColumnScales
from .priors.dictionary import convert as convert
from .priors.dictionary import to_penalty as to_penalty
from .priors.dictionary import to_prior as to_prior
from .priors.elastic_net import ElasticNetPrior as ElasticNetPrior
from .priors.group_laplace import GroupLaplace as GroupLaplace
from .priors.horseshoe import Horseshoe as Horseshoe
from .priors.horseshoe import guess_scale as guess_scale
from .priors.hyper import (
    Exponential as Exponential,
)
from .priors.hyper import (
    Gamma as Gamma,
)
from .priors.hyper import (
    HalfCauchy as HalfCauchy,
)
from .priors.hyper import (
    HalfNormal as HalfNormal,
)
from .priors.hyper import (
    HalfStudentT as HalfStudentT,
)
from .priors.hyper import (
    InverseGamma as InverseGamma,
)
from .priors.hyper import (
    Jeffreys as Jeffreys,
)
from .priors.hyper import (
    Uniform as Uniform,
)
from .priors.hyper_of_scale import BetaPrime as BetaPrime
from .priors.hyper_of_scale import GammaScale as GammaScale
from .priors.laplace import Laplace as Laplace
from .priors.normal import Normal as Normal
from .priors.objective import objectives as objectives
from .priors.penalty import L1 as L1
from .priors.penalty import L2 as L2
from .priors.penalty import ElasticNet as ElasticNet
from .priors.penalty import GroupL1 as GroupL1
from .priors.penalty_prior import PenaltyPrior as PenaltyPrior
from .priors.r2d2 import R2D2 as R2D2
from .priors.regularized_horseshoe import RegularizedHorseshoe as RegularizedHorseshoe
from .priors.student_t import StudentTPrior as StudentTPrior
from .reporting.report import report as report
from .reporting.saved import load_comparison as load_comparison
from .reporting.saved import save_comparison as save_comparison
from .sampling.along_path import sample_path as sample_path
from .sampling.engine import choose_engine as choose_engine
from .sampling.engine import sample as sample
from .sampling.evidence import log_evidence as log_evidence
from .selection.bias_variance import bias_variance as bias_variance
from .selection.cross_validation import cross_validate as cross_validate
from .selection.result import Selection as Selection
from .selection.result import Selections as Selections
from .selection.select import select as select

__version__: str
