// Black-76 on a grid: each kernel beside the plain scalar loop with std::erfc, in turn, in one run on one core.
#include "risk/pricing/black.hpp"
#include "risk/pricing/kernels.hpp"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace margind::risk::pricing;
using margind::model::OptionKind;

constexpr std::size_t states = 2000;
constexpr std::size_t options = 300;
constexpr int rounds = 21;

struct Book {
    std::vector<double> factor = std::vector<double>(states);
    std::vector<double> log_factor = std::vector<double>(states);
    std::vector<double> vol_factor = std::vector<double>(states);
    std::vector<double> out = std::vector<double>(states);
    std::vector<BlackOption> held;

    Book() {
        std::mt19937_64 generator(1);
        const auto between = [&](double low, double high) { return low + (high - low) * static_cast<double>(generator() >> 11) * 0x1p-53; };
        for (std::size_t i = 0; i < states; ++i) {
            log_factor[i] = between(-0.3, 0.3);
            factor[i] = std::exp(log_factor[i]);
            vol_factor[i] = between(0.7, 1.5);
        }
        for (std::size_t i = 0; i < options; ++i)
            held.push_back({i % 2 == 0 ? OptionKind::call : OptionKind::put, 3000, 3000 * std::exp(between(-0.5, 0.5)), between(0.4, 1),
                            between(0.01, 1), 1});
    }

    void with(const Kernels& kernels) {
        for (const BlackOption& option : held) {
            BlackStates row;
            row.forward = option.forward;
            row.strike = option.strike;
            row.log_moneyness = std::log(option.forward / option.strike);
            row.deviation = option.vol * std::sqrt(option.years);
            row.call = option.kind == OptionKind::call;
            row.factor = factor.data();
            row.log_factor = log_factor.data();
            row.vol_factor = vol_factor.data();
            row.out = out.data();
            row.count = states;
            kernels.add_black(row);
        }
    }

    /// The formula as it stands in books; logs taken beforehand as for the kernels, so that they are not what is compared.
    void plain(bool with_logs) {
        for (const BlackOption& option : held) {
            const double log_moneyness = std::log(option.forward / option.strike);
            const double root = option.vol * std::sqrt(option.years);
            const double side = option.kind == OptionKind::call ? 1 : -1;
            for (std::size_t i = 0; i < states; ++i) {
                const double forward = option.forward * factor[i];
                const double deviation = root * vol_factor[i];
                const double d1 = (with_logs ? std::log(forward / option.strike) : log_moneyness + log_factor[i]) / deviation + deviation / 2;
                const double d2 = d1 - deviation;
                const double n1 = 0.5 * std::erfc(-side * d1 / std::sqrt(2.0));
                const double n2 = 0.5 * std::erfc(-side * d2 / std::sqrt(2.0));
                out[i] += side * (forward * n1 - option.strike * n2);
            }
        }
    }
};

/// Of this thread's processor time, so that what else the machine does counts little.
double nanoseconds(const std::function<void()>& work) {
    const auto now = [] {
        timespec time{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
    };
    const double start = now();
    work();
    return (now() - start) / static_cast<double>(states * options);
}

}  // namespace

int main() {
    Book book;
    struct Row {
        std::string name;
        std::function<void()> work;
        std::vector<double> times{};
    };
    std::vector<Row> rows{{"scalar loop, std::erfc", [&] { book.plain(false); }}, {"the same with a std::log each", [&] { book.plain(true); }}};
    for (const Width width : {Width::portable, Width::avx2, Width::avx512})
        if (const Kernels* kernels = kernels_of(width))
            rows.push_back({std::string("kernel ") + kernels->name, [&book, kernels] { book.with(*kernels); }});
    for (int round = 0; round < rounds; ++round)
        for (Row& row : rows) row.times.push_back(nanoseconds(row.work));
    const auto median = [](std::vector<double> times) {
        std::nth_element(times.begin(), times.begin() + rounds / 2, times.end());
        return times[rounds / 2];
    };
    const double unit = median(rows.front().times);
    fmt::print("Black-76, {} options x {} states, processor time, median of {} rounds in turn; chosen at run time: {}\n", options, states, rounds,
               kernel_name());
    for (const Row& row : rows) fmt::print("{:32} {:7.2f} ns a value {:6.2f} times as fast\n", row.name, median(row.times), unit / median(row.times));
    return std::isfinite(book.out[0]) ? 0 : 1;
}
