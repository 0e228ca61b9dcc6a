// Bodies that no node should send.
#pragma once

#include <cstddef>
#include <string>

namespace margind::tests {

inline constexpr std::size_t huge_bytes = std::size_t{1} << 30;
inline constexpr std::size_t nested_brackets = 100'000;

/// gzip: about 1 MiB that inflates to 1 GiB of a JSON string.
const std::string& gzip_bomb_body();
/// A JSON-RPC answer whose result is this many arrays, each within the other.
std::string nested_answer(const std::string& id);
/// The beginning of a JSON-RPC answer whose result is a string without end; what follows may be any hex digits.
std::string endless_answer(const std::string& id);
std::string html_page();

}  // namespace margind::tests
