// Built-in rows first, then the file's over them.
#include "config/settings.hpp"

#include "config/reader.hpp"
#include "config/resources.hpp"
#include "config/sections.hpp"

#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace margind::config {
namespace {

void read_document(std::string_view text, Context& context, Settings& settings) {
    const auto document = read_toml(text);
    if (const auto* error = std::get_if<SyntaxError>(&document)) {
        context.problems.add(error->line, "", error->text);
        return;
    }
    TableReader root(context, "", std::get<Table>(document), 1);
    read_sections(root, settings);
    root.finish();
}

Settings read_built_in() {
    Settings settings;
    const Environment none = [](const std::string&) { return std::optional<std::string>(); };
    for (const char* name : {"chains.toml", "venues.toml", "assets.toml", "feeds.toml"}) {
        Problems problems(name);
        Context context{problems, {}, none};
        read_document(resource(name), context, settings);
        if (!problems.empty()) throw std::logic_error("built-in configuration: " + problems.text());
    }
    return settings;
}

}  // namespace

std::optional<std::string> process_environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
}

Settings defaults() {
    static const Settings built_in = read_built_in();
    return built_in;
}

model::Result<Settings> parse(std::string_view text, const std::filesystem::path& file, const Environment& environment) {
    Settings settings = defaults();
    Problems problems(file.string());
    Context context{problems, file.parent_path(), environment};
    read_document(text, context, settings);
    if (!problems.empty()) return model::fail(model::ErrorCode::bad_input, problems.text());
    return settings;
}

model::Result<Settings> load(const std::filesystem::path& file, const Environment& environment) {
    std::error_code status;
    if (std::filesystem::is_directory(file, status))
        return model::fail(model::ErrorCode::bad_input, file.string() + " is a directory; give the path of a TOML file");
    std::ifstream stream(file, std::ios::binary);
    if (!stream) return model::fail(model::ErrorCode::bad_input, file.string() + " cannot be read; check its path and permissions");
    std::string text(max_document_bytes + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    return parse(text, file, environment);
}

}  // namespace margind::config
