// Covariance of many factors from few days: shrunk towards a simple structure, and made positive where it is not.
#pragma once

#include "risk/model/result.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace margind::risk::statistics {

/// Dense, by rows.
struct Matrix {
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::vector<double> values;

    Matrix() = default;
    Matrix(std::size_t row_count, std::size_t column_count) : rows(row_count), columns(column_count), values(row_count * column_count) {}
    double& operator()(std::size_t row, std::size_t column) { return values[row * columns + column]; }
    double operator()(std::size_t row, std::size_t column) const { return values[row * columns + column]; }
};

/// identity: the mean variance on the diagonal (Ledoit and Wolf 2004, "A well-conditioned estimator"). constant_correlation: the
/// sample's variances with its mean correlation everywhere ("Honey, I shrunk the sample covariance matrix"); it keeps
/// variances, so a stablecoin does not get a share of bitcoin's.
enum class ShrinkageTarget : std::uint8_t { identity, constant_correlation };

struct ShrunkCovariance {
    Matrix covariance;
    /// Weight of the target, 0 to 1.
    double shrinkage = 0;
};

/// A row per day, a column per factor; the mean is taken off, and sums are divided by the number of days. Fails with fewer than 2 days,
/// without factors, with a value that is not finite, and for constant_correlation with a factor that never moves.
model::Result<ShrunkCovariance> ledoit_wolf(const Matrix& observations, ShrinkageTarget target);

struct RepairedCovariance {
    Matrix covariance;
    /// Of the correlation matrix as it was; negative: no book could have such a covariance.
    double least_eigenvalue = 0;
    bool repaired = false;
};

/// Eigenvalues of the correlation matrix below `least` (1e-8 when not said) are lifted to it; then every variance is what it was.
/// Fails where the matrix is not square, symmetric and finite or a variance is not positive.
model::Result<RepairedCovariance> repair_covariance(const Matrix& covariance, double least = 1e-8);

/// Lower triangular L with L L' = covariance; fails where it is not positive definite.
model::Result<Matrix> cholesky(const Matrix& covariance);

}  // namespace margind::risk::statistics
