// Shrinkage against other programs; repair and factorisation by what defines them.
#include "risk/statistics/covariance.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <utility>
#include <vector>

namespace margind::risk::statistics {
namespace {

Matrix matrix(std::size_t rows, std::size_t columns, std::vector<double> values) {
    Matrix result(rows, columns);
    result.values = std::move(values);
    return result;
}

const Matrix eight_days = matrix(8, 3, {0.021, 0.034, -0.002, -0.013, -0.022, 0.004, 0.008, 0.001, 0.0,  -0.045, -0.061, 0.006,
                                        0.017, 0.029, -0.007, 0.005,  -0.012, 0.003, -0.002, 0.011, -0.001, 0.031, 0.027, -0.004});

void expect_near(const Matrix& actual, const std::vector<double>& expected, double tolerance) {
    ASSERT_EQ(actual.values.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(actual.values[i], expected[i], tolerance) << i;
}

TEST(LedoitWolf, identity_target_equals_scikit_learn) {
    // scikit-learn 1.2.1, sklearn.covariance.ledoit_wolf of the same eight days.
    const auto shrunk = ledoit_wolf(eight_days, ShrinkageTarget::identity);
    ASSERT_TRUE(shrunk.has_value());
    EXPECT_NEAR(shrunk->shrinkage, 0.3768285384993084, 1e-12);
    expect_near(shrunk->covariance,
                {0.00048162886469230127, 0.0003880605535413837, -4.574468009578515e-05, 0.0003880605535413837, 0.0007366131000410295,
                 -6.848070138647443e-05, -4.574468009578515e-05, -6.848070138647443e-05, 0.00018666428526666924},
                1e-17);
}

TEST(LedoitWolf, constant_correlation_equals_an_independent_recomputation) {
    // numpy 1.24.2, in the matrix form of the authors' covCor, on the same eight days.
    const auto shrunk = ledoit_wolf(eight_days, ShrinkageTarget::constant_correlation);
    ASSERT_TRUE(shrunk.has_value());
    EXPECT_NEAR(shrunk->shrinkage, 0.21164817194258087, 1e-12);
    expect_near(shrunk->covariance,
                {0.0004896875, 0.00045405044712240226, -6.284414405631684e-05, 0.00045405044712240226, 0.0008988593749999999,
                 -9.337168481687051e-05, -6.284414405631684e-05, -9.337168481687051e-05, 1.6359375000000003e-05},
                1e-17);
}

TEST(LedoitWolf, gives_a_positive_covariance_of_more_factors_than_days) {
    std::mt19937_64 generator(11);
    Matrix days(10, 25);
    for (double& value : days.values) value = static_cast<double>(generator() % 2001) / 1000.0 - 1;
    const auto shrunk = ledoit_wolf(days, ShrinkageTarget::constant_correlation);
    ASSERT_TRUE(shrunk.has_value());
    EXPECT_GT(shrunk->shrinkage, 0);
    EXPECT_TRUE(cholesky(shrunk->covariance).has_value());
}

TEST(LedoitWolf, refuses_what_has_no_covariance) {
    EXPECT_FALSE(ledoit_wolf(Matrix(1, 3), ShrinkageTarget::identity).has_value());
    EXPECT_FALSE(ledoit_wolf(Matrix(5, 0), ShrinkageTarget::identity).has_value());
    EXPECT_FALSE(ledoit_wolf(Matrix(5, 2), ShrinkageTarget::constant_correlation).has_value());
    EXPECT_FALSE(ledoit_wolf(matrix(2, 1, {1, std::nan("")}), ShrinkageTarget::identity).has_value());
}

TEST(RepairCovariance, keeps_variances_and_makes_it_positive) {
    // Correlations .9, .9 and -.9: no three assets can have them. The determinant is -2.888, the least eigenvalue 1 - 2 x .9.
    const Matrix impossible = matrix(3, 3, {4, 5.4, 1.8, 5.4, 9, -2.7, 1.8, -2.7, 1});
    EXPECT_FALSE(cholesky(impossible).has_value());
    const auto repaired = repair_covariance(impossible);
    ASSERT_TRUE(repaired.has_value());
    EXPECT_TRUE(repaired->repaired);
    EXPECT_NEAR(repaired->least_eigenvalue, -0.8, 1e-12);
    EXPECT_TRUE(cholesky(repaired->covariance).has_value());
    EXPECT_DOUBLE_EQ(repaired->covariance(0, 0), 4);
    EXPECT_DOUBLE_EQ(repaired->covariance(1, 1), 9);
    EXPECT_DOUBLE_EQ(repaired->covariance(2, 2), 1);
    // By symmetry all three correlations become equal in size: the nearest ones that sum to a singular matrix, 1/2.
    EXPECT_NEAR(repaired->covariance(0, 1) / 6, 0.5, 1e-6);
    EXPECT_NEAR(repaired->covariance(0, 2) / 2, 0.5, 1e-6);
    EXPECT_NEAR(repaired->covariance(1, 2) / 3, -0.5, 1e-6);
}

TEST(RepairCovariance, leaves_a_good_one_as_it_is) {
    const Matrix good = matrix(2, 2, {4, 1, 1, 9});
    const auto repaired = repair_covariance(good);
    EXPECT_FALSE(repaired->repaired);
    EXPECT_EQ(repaired->covariance.values, good.values);
    EXPECT_FALSE(repair_covariance(matrix(2, 2, {4, 1, 2, 9})).has_value());
    EXPECT_FALSE(repair_covariance(matrix(2, 2, {0, 0, 0, 9})).has_value());
    EXPECT_FALSE(repair_covariance(Matrix(2, 3)).has_value());
}

TEST(Cholesky, factor_times_its_transpose_is_the_matrix) {
    // 4, 12, -16; 37, -43; 98: the textbook's factor 2; 6, 1; -8, 5, 3.
    const auto factor = cholesky(matrix(3, 3, {4, 12, -16, 12, 37, -43, -16, -43, 98}));
    ASSERT_TRUE(factor.has_value());
    expect_near(*factor, {2, 0, 0, 6, 1, 0, -8, 5, 3}, 1e-12);
}

}  // namespace
}  // namespace margind::risk::statistics
