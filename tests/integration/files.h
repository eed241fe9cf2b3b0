// Files that the tests read and make: folders of their own, lines, and the recordings where there are any.
//
// Recordings are no part of this repository. They are looked for in the folder that the environment variable
// TOUCHLINE_RECORDINGS names, else in ../shared/data beside the source folder; a test that needs one is skipped,
// with the reason, where there is none. Nothing of them is ever written outside a test's own folder.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace touchline::integration {

class TempFolder {
 public:
  TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder();
  std::string operator/(std::string_view name) const { return (path_ / name).string(); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string bytes_of(const std::string& path);
void write_bytes(const std::string& path, std::string_view bytes);
void append_bytes(const std::string& path, std::string_view bytes);

using Lines = std::vector<std::string>;

// Whatever the compression, without line ends.
Lines lines_of(const std::string& path);
std::string text_of(const Lines& lines);
// Returns the path, for use as an argument.
std::string write_lines(const std::string& path, const Lines& lines);

// A made-up match day of `touchline simulate`, as a file. Returns its path.
std::string simulate_day(const TempFolder& folder, int events, int seed);

struct RecordingFile {
  std::string name;
  std::string path;
  std::string books;  // file of expected books; empty: none
};
std::vector<RecordingFile> recordings();
// Where no recording is to be found, says so.
std::string why_no_recordings();
RecordingFile recording_named(std::string_view name);

// Names of recordings as parameters of tests, or the one name "none" where there are none: a test that is skipped
// is seen, one that is not there is not.
std::vector<std::string> recording_names(const std::function<bool(const RecordingFile&)>& chosen);
inline constexpr std::string_view no_recording = "none";

// A parameter's name with nothing in it but what the name of a test may hold.
std::string test_name(std::string_view name);

}  // namespace touchline::integration
