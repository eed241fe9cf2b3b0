// The rules that keep the rooms of this repository apart, each a pure function over a file's path and text.
//
// Knows which room may include what, which library has which wrapper, and how a header opens.
// Does not know where the files come from: dependency_test.cpp reads the tree, and made-up texts show
// that every rule can fail. A rule looks at what is written, in comments and strings never, and does not
// follow includes: what a file gets through another is that file's matter.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace touchline::architecture {

struct SourceFile {
  std::string path;  // from the root of the repository, with '/': "core/ids.h"
  std::string text;
};

// Sentences of the form "core/ids.h:12: why this may not be", in the order of the file.
using Violations = std::vector<std::string>;

inline constexpr std::size_t lines_per_file_max = 500;
inline constexpr std::size_t header_comment_lines_min = 3;
inline constexpr std::size_t header_comment_lines_max = 10;
inline constexpr std::size_t beast_files_max = 4;

// cmd -> {feed, storage} -> core -> schemas, and every include of ours from the root of the repository.
Violations check_arrows(const SourceFile& file);

// core/ has no I/O, clock, thread or logger.
Violations check_core_is_sans_io(const SourceFile& file);

// sqlite3.h only in storage/sqlite*, Asio and Beast only in feed/.
Violations check_library_wrappers(const SourceFile& file);

// Beast in at most four files of all.
Violations check_beast_is_confined(std::span<const SourceFile> files);

// A header begins with #pragma once and, before or after it, a comment of three to ten lines.
Violations check_header_opening(const SourceFile& file);

// At most 500 lines, and an ending that the other rules look at: .h or .cpp.
Violations check_file_form(const SourceFile& file);

// Every rule over every file.
Violations check_all(std::span<const SourceFile> files);

}  // namespace touchline::architecture
