#include "tests/integration/files.h"

#include "feed/ingest/line_reader.h"
#include "tests/integration/program.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace touchline::integration {
namespace {

std::filesystem::path recordings_folder() {
  const char* named = std::getenv("TOUCHLINE_RECORDINGS");  // NOLINT(concurrency-mt-unsafe)
  if (named != nullptr) return named;
  return std::filesystem::path(TOUCHLINE_SOURCE_DIR).parent_path() / "shared" / "data";
}

}  // namespace

TempFolder::TempFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "touchline-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_bytes(const std::string& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary);
  if (!file.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush()) {
    throw std::runtime_error("cannot write " + path);
  }
}

void append_bytes(const std::string& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::app);
  if (!file.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush()) {
    throw std::runtime_error("cannot write " + path);
  }
}

Lines lines_of(const std::string& path) {
  auto reader = LineReader::open(path);
  if (!reader) throw std::runtime_error(reader.error().text);
  Lines lines;
  while (true) {
    const auto line = reader->next();
    if (!line) throw std::runtime_error(line.error().text);
    if (line->kind == LineReader::Kind::end) return lines;
    lines.emplace_back(line->text);
  }
}

std::string text_of(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines)
    text.append(line).push_back('\n');
  return text;
}

std::string write_lines(const std::string& path, const Lines& lines) {
  write_bytes(path, text_of(lines));
  return path;
}

std::string simulate_day(const TempFolder& folder, int events, int seed) {
  std::string path = folder / ("day-" + std::to_string(events) + "-" + std::to_string(seed) + ".ndjson");
  output_of({"simulate", "--events", std::to_string(events), "--seed", std::to_string(seed), "-o", path});
  return path;
}

std::vector<RecordingFile> recordings() {
  std::vector<RecordingFile> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(recordings_folder(), error)) {
    if (entry.path().extension() != ".bz2") continue;
    const std::string name = entry.path().stem().string();
    const auto books = recordings_folder() / "expected" / (name + ".books.bz2");
    files.push_back(
        {name, entry.path().string(), std::filesystem::exists(books, error) ? books.string() : ""});
  }
  std::ranges::sort(files, {}, &RecordingFile::name);
  return files;
}

std::string why_no_recordings() {
  return "there are no recordings in " + recordings_folder().string() +
         "; TOUCHLINE_RECORDINGS can name a folder of them";
}

RecordingFile recording_named(std::string_view name) {
  for (const RecordingFile& file : recordings()) {
    if (file.name == name) return file;
  }
  return {};
}

std::vector<std::string> recording_names(const std::function<bool(const RecordingFile&)>& chosen) {
  std::vector<std::string> names;
  for (const RecordingFile& file : recordings()) {
    if (chosen(file)) names.push_back(file.name);
  }
  if (names.empty()) names.emplace_back(no_recording);
  return names;
}

std::string test_name(std::string_view name) {
  std::string out(name);
  std::ranges::replace_if(
      out, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return out;
}

}  // namespace touchline::integration
