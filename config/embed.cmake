# Writes OUTPUT, a C++ file that holds the text of each of FILES (separated by '|') and config::resource() over them.
string(REPLACE "|" ";" FILES "${FILES}")
set(constants "")
set(rows "")
set(index 0)
foreach(file ${FILES})
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  if(text MATCHES "\\)data\"")
    message(FATAL_ERROR "${file} contains the end mark of a raw string")
  endif()
  # With its length: to count a large one, the compiler would go on for longer than it lets a constant take.
  string(APPEND constants "constexpr char text_${index}[] = R\"data(${text})data\";\n")
  string(APPEND constants "constexpr std::string_view file_${index}(text_${index}, sizeof text_${index} - 1);\n")
  string(APPEND rows "    {\"${name}\", file_${index}},\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE ${OUTPUT} "// Generated from the data files of config/.
#include \"config/resources.hpp\"

#include <stdexcept>
#include <string>
#include <utility>

namespace margind::config {
namespace {

${constants}
constexpr std::pair<std::string_view, std::string_view> files[] = {
${rows}};

}  // namespace

std::string_view resource(std::string_view name) {
    for (const auto& [known, text] : files)
        if (known == name) return text;
    throw std::logic_error(\"no data file '\" + std::string(name) + \"' is built in\");
}

}  // namespace margind::config
")
