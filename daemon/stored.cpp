// Evaluations as the texts that the history keeps, and back.
#include "daemon/stored.hpp"

#include "daemon/as_json.hpp"
#include "daemon/evaluation_file.hpp"
#include "daemon/incident_body.hpp"
#include "risk/model/in_quotes.hpp"
#include "risk/model/json_print.hpp"
#include "risk/model/keccak.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <map>
#include <stdexcept>
#include <utility>

namespace margind::daemon {
namespace {

using model::ErrorCode;

constexpr std::array shared_parts{"assets", "portfolios"};

}  // namespace

storage::SnapshotText snapshot_text(const model::Snapshot& snapshot, const model::Bytes32& hash) {
    auto document = as_json(snapshot);
    storage::SnapshotText text;
    text.hash = hash;
    text.time = snapshot.time;
    for (const auto& [chain, block] : snapshot.blocks) text.blocks.push_back(block);
    for (const auto& [key, facts] : document.at("facts").items()) {
        const auto facts_hash = model::Bytes32::parse(key);
        if (!facts_hash) throw std::logic_error("facts are keyed by '" + key + "', not by a hash");
        text.facts.push_back({*facts_hash, model::print_json(facts)});
    }
    document.erase("facts");
    for (const char* part : shared_parts) {
        auto& rows = document.at(part);
        std::string content = model::print_json(rows);
        const model::Bytes32 content_hash = model::keccak256(std::string_view(content));
        rows = content_hash.to_string();
        text.facts.push_back({content_hash, std::move(content)});
    }
    text.json = model::print_json(document);
    return text;
}

model::Result<model::Snapshot> snapshot_of(const storage::SnapshotText& text) {
    auto document = model::parse_json(text.json, evaluation_limits);
    if (!document) return model::fail(document.error());
    std::map<std::string, const storage::FactsText*> unread;
    for (const storage::FactsText& facts : text.facts) unread.emplace(facts.hash.to_string(), &facts);
    if (document->is_object()) {
        for (const char* part : shared_parts) {
            const auto rows = document->find(part);
            if (rows == document->end() || !rows->is_string()) continue;
            const std::string hash = rows->get<std::string>();
            const auto found = unread.find(hash);
            if (found == unread.end()) return model::fail(ErrorCode::missing, "the rows " + model::in_quotes(hash) + " of \"" + part + "\" are not kept beside the snapshot");
            auto content = model::parse_json(found->second->json, evaluation_limits);
            if (!content) return model::fail(content.error());
            *rows = *std::move(content);
            unread.erase(found);
        }
        auto& table = (*document)["facts"];
        table = nlohmann::json::object();
        for (const auto& [hash, facts] : unread) {
            auto content = model::parse_json(facts->json, evaluation_limits);
            if (!content) return model::fail(content.error());
            table[hash] = *std::move(content);
        }
    }
    const model::JsonReader in(*document);
    model::Snapshot snapshot;
    model::read_json(in, snapshot);
    if (in.error()) return model::fail(*in.error());
    const model::Bytes32 hash = model::snapshot_hash(snapshot, in.version());
    if (hash != text.hash)
        return model::fail(ErrorCode::storage, "the snapshot kept as " + text.hash.to_string() + " hashes to " + hash.to_string() +
                                                   "; the database is damaged, restore a copy");
    return snapshot;
}

storage::ReportText report_text(const model::PortfolioReport& report, const model::Headline& headline, std::int64_t time) {
    storage::ReportText text;
    text.portfolio = report.name;
    text.json = model::json_text_of(report);
    storage::HistoryPoint& point = text.figures;
    point.time = time;
    point.level = model::to_string(headline.level);
    point.reason = headline.reason;
    if (headline.binding) point.binding = headline.binding->to_string();
    point.z = headline.z;
    point.room = headline.room;
    if (report.unified) {
        point.equity_usd = report.unified->equity_usd;
        point.mm_usd = report.unified->mm_usd;
        point.cover = report.unified->cover;
        point.h_u = report.unified->h_u;
        point.z_u = report.unified->z_u;
        point.net_delta_usd = report.unified->net_delta_usd;
        point.netting_usd = report.unified->netting_usd;
    }
    return text;
}

storage::MemoryText memory_text(const model::Memory& memory) {
    storage::MemoryText text;
    text.time = memory.time;
    text.blocks = memory.blocks;
    text.json = model::json_text_of(memory);
    return text;
}

model::Result<model::Memory> memory_of(const storage::MemoryText& text) {
    const auto document = model::parse_json(text.json, evaluation_limits);
    if (!document) return model::fail(document.error());
    return model::from_json<model::Memory>(*document);
}

storage::EventText event_text(const model::IncidentEvent& event, std::int64_t time, std::vector<std::string> sinks) {
    storage::EventText text;
    text.incident = event.id;
    text.sequence = event.sequence;
    text.portfolio = event.portfolio;
    text.type = model::to_string(event.type);
    text.level = model::to_string(event.level);
    text.time = time;
    text.json = incident_body(event);
    text.sinks = std::move(sinks);
    return text;
}

}  // namespace margind::daemon
