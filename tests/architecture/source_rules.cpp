#include "tests/architecture/source_rules.h"

#include "tests/architecture/source_text.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace touchline::architecture {
namespace {

struct Room {
  std::string_view name;
  std::vector<std::string_view> may_include;
};

const std::vector<Room>& rooms() {
  static const std::vector<Room> all{
      {"cmd", {"cmd", "feed", "storage", "core", "schemas"}},
      {"feed", {"feed", "core", "schemas"}},
      {"storage", {"storage", "core", "schemas"}},
      {"core", {"core", "schemas"}},
      {"schemas", {"schemas"}},
      {"tests", {"tests", "cmd", "feed", "storage", "core", "schemas"}},
  };
  return all;
}

const Room* find_room(std::string_view name) {
  const auto found = std::ranges::find(rooms(), name, &Room::name);
  return found == rooms().end() ? nullptr : &*found;
}

std::string_view first_folder(std::string_view path) { return path.substr(0, path.find('/')); }

bool is_in(std::string_view path, std::string_view room) {
  return path.size() > room.size() && first_folder(path) == room;
}

bool contains(std::span<const std::string_view> all, std::string_view one) {
  return std::ranges::find(all, one) != all.end();
}

bool is_header(const SourceFile& file) { return file.path.ends_with(".h"); }

std::string at(const SourceFile& file, std::size_t line, const std::string& why) {
  return file.path + ":" + std::to_string(line) + ": " + why;
}

bool is_asio(std::string_view include) {
  return include == "boost/asio.hpp" || include.starts_with("boost/asio/");
}

bool is_beast(std::string_view include) {
  return include == "boost/beast.hpp" || include.starts_with("boost/beast/");
}

constexpr std::array<std::string_view, 27> headers_barred_from_core{
    // Threads.
    "thread", "mutex", "shared_mutex", "condition_variable", "future", "stop_token", "latch", "barrier",
    "semaphore", "pthread.h",
    // Files and streams that reach outside.
    "iostream", "fstream", "filesystem", "syncstream", "fcntl.h", "unistd.h",
    // Sockets.
    "netdb.h", "poll.h", "sys/socket.h", "sys/select.h", "sys/epoll.h", "sys/un.h", "sys/uio.h",
    "sys/ioctl.h",
    // Clocks.
    "sys/time.h", "sys/timeb.h",
    // Storage.
    "sqlite3.h"};

constexpr std::array<std::string_view, 5> folders_barred_from_core{"spdlog/", "boost/asio/", "boost/beast/",
                                                                   "netinet/", "arpa/"};

bool is_barred_from_core(std::string_view include) {
  return contains(headers_barred_from_core, include) || is_asio(include) || is_beast(include) ||
         std::ranges::any_of(folders_barred_from_core,
                             [&](std::string_view folder) { return include.starts_with(folder); });
}

constexpr std::array<std::string_view, 10> clocks{
    "system_clock", "steady_clock", "high_resolution_clock", "utc_clock",    "tai_clock",
    "gps_clock",    "file_clock",   "clock_gettime",         "gettimeofday", "timespec_get"};

// Whether `time` or `clock` between these two is the C library's. A function or a field of ours may have
// the name: it is the library's when it is qualified so, or is called as only std::time is.
bool is_of_the_c_library(std::string_view before, std::string_view after) {
  after = trimmed(after);
  if (!after.starts_with('(')) return false;
  if (before.ends_with("::")) {
    before.remove_suffix(2);
    if (before.empty() || !(is_word_character(before.back()) || before.back() == '>')) return true;
    return before == "std" || (before.ends_with("std") && !is_word_character(before[before.size() - 4]));
  }
  if (before.ends_with('.') || before.ends_with("->")) return false;
  const std::string_view argument = trimmed(after.substr(1));
  constexpr std::array<std::string_view, 4> arguments{"nullptr", "NULL", "0", "&"};
  return std::ranges::any_of(arguments, [&](std::string_view begin) { return argument.starts_with(begin); });
}

// The word in this line that asks the machine what time it is; none: empty.
std::string_view clock_asked(std::string_view line) {
  for (std::size_t begin = 0, end = 0; begin < line.size(); begin = end) {
    end = begin + 1;
    if (!is_word_character(line[begin])) continue;
    while (end < line.size() && is_word_character(line[end]))
      ++end;
    const std::string_view word = line.substr(begin, end - begin);
    if (contains(clocks, word)) return word;
    if ((word == "time" || word == "clock") && is_of_the_c_library(line.substr(0, begin), line.substr(end))) {
      return word;
    }
  }
  return {};
}

}  // namespace

Violations check_arrows(const SourceFile& file) {
  Violations violations;
  const Room* room = find_room(first_folder(file.path));
  if (room == nullptr) return {at(file, 1, "lies in no known room")};
  for (const Include& include : includes_of(file.text)) {
    const std::string_view target = first_folder(include.path);
    const bool of_ours = find_room(target) != nullptr && target.size() < include.path.size();
    if (include.brackets == Brackets::quotes && !of_ours) {
      violations.push_back(at(file, include.line,
                              "\"" + include.path + "\" is not written from the root of the " +
                                  "repository; libraries stand in <>"));
    } else if (of_ours && !contains(room->may_include, target)) {
      violations.push_back(
          at(file, include.line, std::string(room->name) + " must not include " + include.path));
    }
  }
  return violations;
}

Violations check_core_is_sans_io(const SourceFile& file) {
  if (!is_in(file.path, "core")) return {};
  Violations violations;
  for (const Include& include : includes_of(file.text)) {
    if (is_barred_from_core(include.path)) {
      violations.push_back(at(file, include.line, "core has no I/O, thread or logger: " + include.path));
    }
  }
  const std::string code = code_only(file.text);
  const auto lines = lines_of(code);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view word = clock_asked(lines[i]);
    if (!word.empty()) {
      violations.push_back(at(file, i + 1, "core is told the time, it does not ask: " + std::string(word)));
    }
  }
  return violations;
}

Violations check_library_wrappers(const SourceFile& file) {
  Violations violations;
  for (const Include& include : includes_of(file.text)) {
    if (include.path.ends_with("sqlite3.h") && !file.path.starts_with("storage/sqlite")) {
      violations.push_back(at(file, include.line, "sqlite3.h is seen by storage/sqlite alone"));
    }
    if ((is_asio(include.path) || is_beast(include.path)) && !is_in(file.path, "feed")) {
      violations.push_back(at(file, include.line, "only feed knows Asio: " + include.path));
    }
  }
  return violations;
}

Violations check_beast_is_confined(std::span<const SourceFile> files) {
  Violations violations;
  for (const SourceFile& file : files) {
    const auto includes = includes_of(file.text);
    const auto found = std::ranges::find_if(includes, is_beast, &Include::path);
    if (found != includes.end()) {
      violations.push_back(at(
          file, found->line,
          "Beast belongs in at most " + std::to_string(beast_files_max) + " files, this is one of too many"));
    }
  }
  if (violations.size() <= beast_files_max) violations.clear();
  return violations;
}

Violations check_header_opening(const SourceFile& file) {
  if (!is_header(file)) return {};
  const auto lines = lines_of(file.text);
  std::size_t next = 0;
  const auto skip_blank_lines = [&] {
    while (next < lines.size() && trimmed(lines[next]).empty())
      ++next;
  };
  const auto comment_lines = [&] {
    skip_blank_lines();
    const std::size_t begin = next;
    while (next < lines.size() && trimmed(lines[next]).starts_with("//"))
      ++next;
    return next - begin;
  };
  const auto fits = [](std::size_t count) {
    return count >= header_comment_lines_min && count <= header_comment_lines_max;
  };

  const std::size_t before = comment_lines();
  skip_blank_lines();
  if (next == lines.size() || trimmed(lines[next]) != "#pragma once") {
    return {at(file, 1, "does not begin with #pragma once and a comment (//)")};
  }
  ++next;
  const std::size_t after = comment_lines();
  if (fits(before) || fits(after)) return {};
  return {
      at(file, 1, "needs an opening comment of three to ten lines: what it knows, what it must not know")};
}

Violations check_file_form(const SourceFile& file) {
  Violations violations;
  if (!is_header(file) && !file.path.ends_with(".cpp")) {
    violations.push_back(at(file, 1, "C++ files end in .h or .cpp"));
  }
  const std::size_t lines = lines_of(file.text).size();
  if (lines > lines_per_file_max) {
    violations.push_back(
        at(file, lines,
           "longer than " + std::to_string(lines_per_file_max) + " lines: it holds more than one idea"));
  }
  return violations;
}

Violations check_all(std::span<const SourceFile> files) {
  constexpr std::array rules{check_arrows, check_core_is_sans_io, check_library_wrappers,
                             check_header_opening, check_file_form};
  Violations violations;
  for (const SourceFile& file : files) {
    for (const auto rule : rules)
      std::ranges::move(rule(file), std::back_inserter(violations));
  }
  std::ranges::move(check_beast_is_confined(files), std::back_inserter(violations));
  return violations;
}

}  // namespace touchline::architecture
