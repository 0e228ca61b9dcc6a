// margind evaluate: what the daemon made of an evaluation file, again.
#include "daemon/commands.hpp"
#include "daemon/complain.hpp"
#include "daemon/evaluation_file.hpp"
#include "daemon/text.hpp"
#include "daemon/text_file.hpp"
#include "daemon/venues.hpp"
#include "risk/evaluate.hpp"

#include <fmt/format.h>

namespace margind::daemon {

ExitCode evaluate_file(const std::string& file, bool json) {
    constexpr std::size_t largest = std::size_t{512} << 20;
    const auto text = read_text_file(file, largest);
    if (!text) return complain(text.error(), ExitCode::usage);
    const auto parsed = parse_evaluation_file(*text);
    if (!parsed) return complain({parsed.error().code, file + ": " + parsed.error().message, model::Retry::never}, ExitCode::usage);
    const model::Report report = risk::evaluate(parsed->snapshot, rules(), parsed->market, parsed->policy);
    const model::StepResult step = risk::step(parsed->memory.value_or(model::Memory{}), report, parsed->policy);
    if (json) {
        fmt::print("{}\n", evaluation_result_text(report, step));
    } else {
        const char* separator = "";
        for (const model::PortfolioReport& portfolio : report.portfolios) {
            fmt::print("{}{:<20}{}\n{}", separator, "portfolio", portfolio.name, to_text(portfolio, report, parsed->policy));
            separator = "\n";
        }
    }
    // The worst headline of all portfolios, as published: with memory where there is one.
    model::Headline worst;
    worst.level = model::Level::ok;
    for (const model::PortfolioReport& portfolio : report.portfolios) {
        const auto remembered = step.memory.portfolios.find(portfolio.name);
        const model::Headline& headline = parsed->memory && remembered != step.memory.portfolios.end() ? remembered->second.headline : portfolio.headline;
        worst.level = model::worse(worst.level, headline.level);
        worst.doubtful_price = worst.doubtful_price || headline.doubtful_price;
    }
    return exit_code_of(worst);
}

}  // namespace margind::daemon
