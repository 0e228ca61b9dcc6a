// margind evaluate: what the daemon made of an evaluation file, again; or what a protocol makes of one account written down.
#include "adapters/adapter.hpp"
#include "daemon/as_json.hpp"
#include "daemon/commands.hpp"
#include "daemon/complain.hpp"
#include "daemon/evaluation_file.hpp"
#include "daemon/market_file.hpp"
#include "daemon/text.hpp"
#include "daemon/text_file.hpp"
#include "daemon/venues.hpp"
#include "risk/distance.hpp"
#include "risk/evaluate.hpp"
#include "risk/model/json_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace margind::daemon {
namespace {

constexpr std::size_t largest_account_file = std::size_t{4} << 20;

/// The protocol whose account file it is; null for an evaluation file, and for text that is none of both.
model::Result<const adapters::AccountFile*> account_file_of(const std::string& text) {
    if (text.size() > largest_account_file || text.find("\"format\"") == std::string::npos) return nullptr;
    const auto document = model::parse_json(text);
    if (!document || !document->is_object()) return nullptr;
    const auto format = document->find("format");
    if (format == document->end()) return nullptr;
    std::string known;
    for (const adapters::Protocol& protocol : adapters::all_protocols()) {
        if (!protocol.account_file) continue;
        if (*format == protocol.account_file->format) return &*protocol.account_file;
        known += (known.empty() ? "" : ", ") + protocol.account_file->format;
    }
    return model::fail(model::ErrorCode::bad_input, "format: expected one of " + known + ", got " + model::print_json(*format));
}

ExitCode evaluate_account_file(const adapters::AccountFile& kind, const std::string& file, const std::string& text, bool json) {
    const auto answer = kind.evaluate(text);
    if (!answer) return complain({answer.error().code, file + ": " + answer.error().message, model::Retry::never}, ExitCode::usage);
    model::Headline headline;
    headline.level = answer->liquidatable ? model::Level::liquidatable : model::Level::ok;
    if (!answer->account) {
        fmt::print("{}", json ? answer->json + "\n" : answer->text);
        return exit_code_of(headline);
    }
    const auto market = load_market(config::defaults());
    if (!market) return complain(market.error(), ExitCode::internal);
    const auto found = risk::distances(*answer->account, *market, model::Policy{}, {}, model::ChainId{});
    if (!found) return complain({found.error().code, file + ": " + found.error().message, model::Retry::never}, ExitCode::usage);
    if (json) {
        auto body = nlohmann::json::parse(answer->json, nullptr, false);
        body["standing"] = as_json(found->standing);
        body["candidates"] = nlohmann::json::array();
        for (const model::Candidate& candidate : found->candidates) body["candidates"].push_back(as_json(candidate));
        fmt::print("{}\n", model::print_json(body));
    } else {
        fmt::print("{}{}", answer->text, to_text(found->standing, found->candidates));
    }
    if (found->standing.liquidatable) headline.level = model::Level::liquidatable;
    return exit_code_of(headline);
}

}  // namespace

ExitCode evaluate_file(const std::string& file, bool json) {
    constexpr std::size_t largest = std::size_t{512} << 20;
    const auto text = read_text_file(file, largest);
    if (!text) return complain(text.error(), ExitCode::usage);
    const auto account_file = account_file_of(*text);
    if (!account_file) return complain({account_file.error().code, file + ": " + account_file.error().message, model::Retry::never}, ExitCode::usage);
    if (*account_file != nullptr) return evaluate_account_file(**account_file, file, *text, json);
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
