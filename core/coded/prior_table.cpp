// The table that is compiled in, and how it is written as sources.

#include "core/coded/prior.h"
#include "core/coded/shipped.h"

#include <array>
#include <cstdio>

namespace touchline::coded {
namespace {

std::string opening(const char* what) {
  return std::string("// ") + what +
         ", made by `touchline train`: PROTOCOL.md, \"The prior\". Not to be changed by hand.\n\n" +
         "#include \"core/coded/shipped.h\"\n\nnamespace touchline::coded {\n\n// clang-format off\n";
}
constexpr const char* ending = "// clang-format on\n\n}  // namespace touchline::coded\n";

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (static_cast<unsigned char>(c) >= ' ' && static_cast<unsigned char>(c) < 0x7F) {
      out.push_back(c);
    } else {
      std::array<char, 5> octal{};
      std::snprintf(octal.data(), octal.size(), "\\%03o",
                    static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += octal.data();
    }
  }
  return out + "\"";
}

}  // namespace

std::string source_of_slots(const PriorTable& table) {
  constexpr std::size_t row = 104;
  std::string out = opening("The slots of the prior");
  out += "const char* const shipped_slots =\n";
  for (std::size_t at = 0; at < table.slots.size(); at += row)
    out += "    \"" + table.slots.substr(at, row) + "\"\n";
  out.back() = ';';
  return out + "\n" + ending;
}

std::string source_of_texts(const PriorTable& table) {
  std::string out = opening("The vocabulary of the prior");
  out += "const std::size_t shipped_text_count = " + std::to_string(table.texts.size()) + ";\n";
  out += "const ShippedText shipped_texts[] = {\n";
  for (const CommonText& text : table.texts)
    out += "    {" + std::to_string(text.kind) + "U, " + quoted(text.text) + "},\n";
  return out + "};\n" + ending;
}

PriorTable shipped_table() {
  PriorTable table;
  table.slots = shipped_slots;
  for (std::size_t i = 0; i < shipped_text_count; ++i)
    table.texts.push_back({shipped_texts[i].kind, shipped_texts[i].text});
  return table;
}

std::shared_ptr<const Prior> shipped_prior() {
  static const std::shared_ptr<const Prior> prior =
      std::make_shared<const Prior>(make_prior(shipped_table(), prior_version));
  return prior;
}

}  // namespace touchline::coded
