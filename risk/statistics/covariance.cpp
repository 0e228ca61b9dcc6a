// Shrinkage by its published formulas; eigenvalues and Cholesky's factor by Eigen.
#include "risk/statistics/covariance.hpp"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>

#include <algorithm>
#include <cmath>

namespace margind::risk::statistics {

namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Eigen::MatrixXd to_eigen(const Matrix& matrix) {
    return Eigen::Map<const RowMajor>(matrix.values.data(), static_cast<Eigen::Index>(matrix.rows), static_cast<Eigen::Index>(matrix.columns));
}

Matrix from_eigen(const Eigen::MatrixXd& matrix) {
    Matrix result(static_cast<std::size_t>(matrix.rows()), static_cast<std::size_t>(matrix.cols()));
    Eigen::Map<RowMajor>(result.values.data(), matrix.rows(), matrix.cols()) = matrix;
    return result;
}

bool all_finite(const Matrix& matrix) {
    return std::all_of(matrix.values.begin(), matrix.values.end(), [](double value) { return std::isfinite(value); });
}

Matrix centred(const Matrix& observations) {
    Matrix result = observations;
    for (std::size_t j = 0; j < result.columns; ++j) {
        double mean = 0;
        for (std::size_t t = 0; t < result.rows; ++t) mean += result(t, j);
        mean /= static_cast<double>(result.rows);
        for (std::size_t t = 0; t < result.rows; ++t) result(t, j) -= mean;
    }
    return result;
}

/// Mean over the days of f(day).
template <class F>
double over_days(const Matrix& data, const F& f) {
    double sum = 0;
    for (std::size_t t = 0; t < data.rows; ++t) sum += f(t);
    return sum / static_cast<double>(data.rows);
}

Matrix sample_covariance(const Matrix& data) {
    Matrix sample(data.columns, data.columns);
    for (std::size_t i = 0; i < data.columns; ++i)
        for (std::size_t j = 0; j <= i; ++j)
            sample(i, j) = sample(j, i) = over_days(data, [&](std::size_t t) { return data(t, i) * data(t, j); });
    return sample;
}

/// Mean over the days of (x_i x_j - s_ij) (x_k x_l - s_kl).
double fourth(const Matrix& data, const Matrix& sample, std::size_t i, std::size_t j, std::size_t k, std::size_t l) {
    return over_days(data, [&](std::size_t t) { return (data(t, i) * data(t, j) - sample(i, j)) * (data(t, k) * data(t, l) - sample(k, l)); });
}

/// sum over i and j of the variance of sqrt(T) s_ij.
double noise(const Matrix& data, const Matrix& sample) {
    double sum = 0;
    for (std::size_t i = 0; i < data.columns; ++i)
        for (std::size_t j = 0; j < data.columns; ++j) sum += fourth(data, sample, i, j, i, j);
    return sum;
}

double mean_correlation(const Matrix& sample) {
    double sum = 0;
    for (std::size_t i = 0; i < sample.rows; ++i)
        for (std::size_t j = 0; j < i; ++j) sum += sample(i, j) / std::sqrt(sample(i, i) * sample(j, j));
    const auto count = static_cast<double>(sample.rows);
    return count > 1 ? sum / (count * (count - 1) / 2) : 0;
}

/// sum of the covariances between the target's entries and the sample's, times T.
double target_noise(const Matrix& data, const Matrix& sample, double correlation) {
    double sum = 0;
    for (std::size_t i = 0; i < data.columns; ++i) {
        sum += fourth(data, sample, i, i, i, i);
        for (std::size_t j = 0; j < data.columns; ++j)
            if (i != j) sum += correlation * std::sqrt(sample(j, j) / sample(i, i)) * fourth(data, sample, i, i, i, j);
    }
    return sum;
}

model::Result<Eigen::MatrixXd> checked(const Matrix& covariance) {
    if (covariance.rows == 0 || covariance.rows != covariance.columns || !all_finite(covariance))
        return model::fail(model::ErrorCode::out_of_range, fmt::format("no covariance: {} x {}, or not finite", covariance.rows, covariance.columns));
    Eigen::MatrixXd matrix = to_eigen(covariance);
    if (!matrix.isApprox(matrix.transpose(), 1e-9)) return model::fail(model::ErrorCode::out_of_range, "a covariance that is not symmetric");
    if (!(matrix.diagonal().array() > 0).all()) return model::fail(model::ErrorCode::out_of_range, "a variance that is not positive");
    return matrix;
}

}  // namespace

model::Result<ShrunkCovariance> ledoit_wolf(const Matrix& observations, ShrinkageTarget target) {
    if (observations.rows < 2 || observations.columns == 0 || !all_finite(observations))
        return model::fail(model::ErrorCode::out_of_range,
                           fmt::format("no covariance of {} days of {} factors, or not finite", observations.rows, observations.columns));
    const Matrix data = centred(observations);
    const Matrix sample = sample_covariance(data);
    const std::size_t count = sample.rows;
    double trace = 0;
    for (std::size_t i = 0; i < count; ++i) {
        trace += sample(i, i);
        if (target == ShrinkageTarget::constant_correlation && !(sample(i, i) > 0))
            return model::fail(model::ErrorCode::out_of_range, fmt::format("factor {} never moves: it has no correlation", i));
    }
    const double correlation = target == ShrinkageTarget::constant_correlation ? mean_correlation(sample) : 0;
    Matrix simple(count, count);
    double distance = 0;
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t j = 0; j < count; ++j) {
            if (target == ShrinkageTarget::identity)
                simple(i, j) = i == j ? trace / static_cast<double>(count) : 0;
            else
                simple(i, j) = i == j ? sample(i, i) : correlation * std::sqrt(sample(i, i) * sample(j, j));
            distance += (sample(i, j) - simple(i, j)) * (sample(i, j) - simple(i, j));
        }
    }
    const double related = target == ShrinkageTarget::identity ? 0 : target_noise(data, sample, correlation);
    ShrunkCovariance result;
    if (distance > 0) result.shrinkage = std::clamp((noise(data, sample) - related) / distance / static_cast<double>(data.rows), 0.0, 1.0);
    result.covariance = Matrix(count, count);
    for (std::size_t i = 0; i < sample.values.size(); ++i)
        result.covariance.values[i] = (1 - result.shrinkage) * sample.values[i] + result.shrinkage * simple.values[i];
    return result;
}

model::Result<RepairedCovariance> repair_covariance(const Matrix& covariance, double least) {
    const model::Result<Eigen::MatrixXd> matrix = checked(covariance);
    if (!matrix) return model::fail(matrix.error());
    const Eigen::VectorXd deviations = matrix->diagonal().cwiseSqrt();
    const Eigen::VectorXd inverse = deviations.cwiseInverse();
    const Eigen::MatrixXd correlations = inverse.asDiagonal() * *matrix * inverse.asDiagonal();
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(correlations);
    if (solver.info() != Eigen::Success) return model::fail(model::ErrorCode::out_of_range, "the eigenvalues of a covariance were not found");
    RepairedCovariance result;
    result.covariance = covariance;
    result.least_eigenvalue = solver.eigenvalues().minCoeff();
    if (result.least_eigenvalue >= least) return result;
    result.repaired = true;
    const Eigen::VectorXd lifted = solver.eigenvalues().cwiseMax(least);
    const Eigen::MatrixXd raised = solver.eigenvectors() * lifted.asDiagonal() * solver.eigenvectors().transpose();
    // Lifting raises the diagonal: scaled back to the variances that were measured.
    const Eigen::VectorXd scale = deviations.cwiseQuotient(raised.diagonal().cwiseSqrt());
    const Eigen::MatrixXd scaled = scale.asDiagonal() * raised * scale.asDiagonal();
    result.covariance = from_eigen(0.5 * (scaled + scaled.transpose()));
    for (std::size_t i = 0; i < covariance.rows; ++i) result.covariance(i, i) = covariance(i, i);
    return result;
}

model::Result<Matrix> cholesky(const Matrix& covariance) {
    const model::Result<Eigen::MatrixXd> matrix = checked(covariance);
    if (!matrix) return model::fail(matrix.error());
    const Eigen::LLT<Eigen::MatrixXd> factor(*matrix);
    if (factor.info() != Eigen::Success) return model::fail(model::ErrorCode::out_of_range, "a covariance that is not positive definite");
    return from_eigen(factor.matrixL());
}

}  // namespace margind::risk::statistics
