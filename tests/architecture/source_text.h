// As much of a C++ lexer as the rules of source_rules.h need: comments, literals, lines, includes.
//
// Knows no rule and no file. Positions never move: what is blanked out becomes spaces, line breaks stay, so
// that a finding names the line that the reader sees.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace touchline::architecture {

enum class Brackets { quotes, angles };

struct Include {
  std::size_t line = 0;  // from 1
  std::string path;      // what stands between the brackets
  Brackets brackets = Brackets::quotes;
};

bool is_word_character(char c);

std::string_view trimmed(std::string_view text);

// Without their ends; a last line without one counts.
std::vector<std::string_view> lines_of(std::string_view text);

// The text with comments blanked out.
std::string without_comments(std::string_view text);

// The text with comments and with string and character literals blanked out.
std::string code_only(std::string_view text);

std::vector<Include> includes_of(std::string_view text);

}  // namespace touchline::architecture
