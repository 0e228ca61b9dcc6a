// A diagnosis for a terminal and for machines.
#include "daemon/doctor.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace margind::daemon {
namespace {

using nlohmann::json;

std::string title(const Examined& subject) {
    std::string out = subject.name;
    if (!subject.where.empty()) out += fmt::format(" ({})", subject.where);
    if (subject.chain) out += fmt::format(", chain {}", subject.chain->value);
    return out;
}

std::string joined(const std::vector<Finding>& findings) {
    std::string out;
    for (const Finding& finding : findings) out += (out.empty() ? "" : "; ") + finding.says;
    return out;
}

void table(std::string& out, const Examined& subject) {
    out += fmt::format("{}: {}\n", title(subject), to_string(subject.verdict()));
    std::size_t width = 0;
    for (const Finding& finding : subject.findings) width = std::max(width, finding.check.size());
    for (const Finding& finding : subject.findings) out += fmt::format("  {:<8}  {:<{}}  {}\n", to_string(finding.verdict), finding.check, width, finding.says);
}

/// One line each where all is good, so that what is not stands out.
void list(std::string& out, const char* heading, const std::vector<Examined>& subjects) {
    if (subjects.empty()) return;
    out += fmt::format("\n{}\n", heading);
    for (const Examined& subject : subjects) {
        if (subject.verdict() == Condition::good) {
            out += fmt::format("  {:<8}  {}: {}\n", to_string(Condition::good), title(subject), joined(subject.findings));
            continue;
        }
        for (const Finding& finding : subject.findings)
            if (finding.verdict != Condition::good) out += fmt::format("  {:<8}  {}: {}\n", to_string(finding.verdict), title(subject), finding.says);
    }
}

std::size_t count(const std::vector<Examined>& subjects, Condition verdict) {
    return static_cast<std::size_t>(std::count_if(subjects.begin(), subjects.end(), [&](const Examined& one) { return one.verdict() == verdict; }));
}

json rows(const std::vector<Examined>& subjects) {
    json out = json::array();
    for (const Examined& subject : subjects) {
        json row = json::object();
        row["name"] = subject.name;
        row["where"] = subject.where;
        row["chain"] = nullptr;
        if (subject.chain) row["chain"] = subject.chain->value;
        row["verdict"] = to_string(subject.verdict());
        row["findings"] = json::array();
        for (const Finding& finding : subject.findings) {
            json one = json::object();
            one["check"] = finding.check;
            one["verdict"] = to_string(finding.verdict);
            one["value"] = nullptr;
            std::visit([&one](const auto& value) {
                if constexpr (!std::is_same_v<std::decay_t<decltype(value)>, std::monostate>) one["value"] = value;
            }, finding.value);
            one["says"] = finding.says;
            row["findings"].push_back(std::move(one));
        }
        out.push_back(std::move(row));
    }
    return out;
}

}  // namespace

std::string to_text(const Diagnosis& diagnosis) {
    std::string out;
    for (const Examined& subject : diagnosis.endpoints) {
        if (!out.empty()) out += '\n';
        table(out, subject);
    }
    list(out, "venues", diagnosis.venues);
    list(out, "feeds", diagnosis.feeds);
    const auto summary = [](const char* what, const std::vector<Examined>& subjects) {
        return fmt::format("{} of {} {} good, {} with warnings, {} unusable", count(subjects, Condition::good), subjects.size(), what,
                           count(subjects, Condition::warning), count(subjects, Condition::unusable));
    };
    out += fmt::format("\n{}: {}; {}; {}\n", to_string(diagnosis.verdict()), summary("endpoints", diagnosis.endpoints), summary("venues", diagnosis.venues),
                       summary("feeds", diagnosis.feeds));
    return out;
}

std::string to_json(const Diagnosis& diagnosis) {
    json document = json::object();
    document["verdict"] = to_string(diagnosis.verdict());
    document["endpoints"] = rows(diagnosis.endpoints);
    document["venues"] = rows(diagnosis.venues);
    document["feeds"] = rows(diagnosis.feeds);
    return document.dump(2, ' ', false, json::error_handler_t::replace);
}

}  // namespace margind::daemon
