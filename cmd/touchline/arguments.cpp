#include "cmd/touchline/arguments.h"

#include "cmd/touchline/commands.h"
#include "core/time_text.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace touchline {
namespace {

constexpr std::size_t written_at_once_bytes = 256U << 10;

std::string reason() { return std::generic_category().message(errno); }

// The length of the printable UTF-8 sequence that the text begins with; 0 where there is none.
std::size_t printable_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return byte(0) >= 0x20 && byte(0) != 0x7F ? 1 : 0;
  const std::size_t length = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
  if (byte(0) < 0xC2 || byte(0) > 0xF4 || length > text.size()) return 0;
  std::uint32_t point = byte(0) & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    point = point << 6 | (byte(i) & 0x3FU);
  }
  constexpr std::uint32_t least[] = {0, 0, 0xA0, 0x800, 0x10000};  // below 0xA0: control characters
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  return point >= least[length] && point <= 0x10FFFF && !surrogate ? length : 0;
}

std::size_t width_of(std::string_view text) {
  const auto starts = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts));
}

Result<void> sync_folder_of(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  const std::string why = reason();
  if (descriptor >= 0) ::close(descriptor);
  if (!synced) return Error{ErrorKind::environment, folder + ": cannot be synced: " + why, 0};
  return {};
}

}  // namespace

CLI::Option* add_store(CLI::App& app, std::string& path) {
  return app.add_option("DB", path, "The store, in use or not")->required()->type_name("");
}

CLI::Validator is_time() {
  const auto complaint = [](const std::string& text) {
    return time_ms_of(text)
               ? ""
               : "'" + text + "' is neither ms since 1970 nor a time like 2022-07-11T11:00:00.000Z";
  };
  return CLI::Validator(complaint, "");
}

CLI::Validator is_seq(std::uint64_t least) {
  const auto complaint = [least](const std::string& text) -> std::string {
    std::int64_t seq = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seq);
    const bool usable = error == std::errc() && end == text.data() + text.size() && seq >= 0;
    if (usable && static_cast<std::uint64_t>(seq) >= least) return "";
    return "'" + text + "' is no sequence number from " + std::to_string(least) + " on";
  };
  return CLI::Validator(complaint, "");
}

Result<JournalReader> open_view(const std::string& path) {
  auto reader = JournalReader::open(path);
  if (!reader) return reader;
  if (const auto held = reader->hold_view(); !held) return held.error();
  return reader;
}

Result<EventEntry> event_of(JournalReader& reader, const std::string& id) {
  const auto found = reader.find_event(id);
  if (!found) return found.error();
  if (*found) return **found;
  const std::string events = "'touchline inspect " + reader.path() + " events'";
  return Error{ErrorKind::not_found,
               reader.path() + ": holds no event " + printable(id) + "; " + events + " lists them", 0};
}

Error past_the_end(const EventEntry& event, std::uint64_t seq) {
  return {ErrorKind::not_found,
          "event " + printable(event.id) + " has no seq " + std::to_string(seq) + ": its last is " +
              std::to_string(event.last.value),
          0};
}

std::string printable(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  while (!text.empty()) {
    const std::size_t length = printable_length(text);
    if (length != 0) {
      out.append(text.substr(0, length));
    } else {
      const auto byte = static_cast<unsigned char>(text[0]);
      out.append({'\\', 'x', digits[byte >> 4], digits[byte & 15]});
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string hex_of(std::uint64_t digest) {
  std::string text(16, '0');
  for (std::size_t i = 16; i-- > 0; digest >>= 4)
    text[i] = "0123456789abcdef"[digest & 15];
  return text;
}

void Table::add(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<std::size_t> widths(columns_.size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - width_of(row[i]), ' ');
      const bool last = i + 1 == row.size();
      if (columns_[i] == Align::right) out.append(padding);
      out.append(row[i]);
      if (columns_[i] == Align::left && !last) out.append(padding);
      if (!last) out.append("  ");
    }
    while (out.ends_with(' '))
      out.pop_back();
    out.push_back('\n');
  }
  return out;
}

Result<Output> Output::open(std::string path) {
  if (path.empty()) return Output("", "", STDOUT_FILENO);
  // A link stays one: what it points to is replaced.
  std::error_code ignored;
  if (std::filesystem::is_symlink(path, ignored))
    path = std::filesystem::weakly_canonical(path, ignored).string();
  struct stat info {};
  const bool exists = ::stat(path.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) return Error{ErrorKind::usage, path + ": is a folder", 0};
  if (exists && !S_ISREG(info.st_mode)) {  // a pipe or a device cannot be put in place of itself
    const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (file < 0) return Error{ErrorKind::environment, path + ": cannot be opened: " + reason(), 0};
    return Output(std::move(path), "", file);
  }
  std::string temporary = path + ".XXXXXX";
  const int file = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (file < 0) return Error{ErrorKind::environment, path + ": cannot be written: " + reason(), 0};
  const mode_t mask = ::umask(0);
  ::umask(mask);
  ::fchmod(file, exists ? info.st_mode & 07777 : 0666 & ~mask);
  return Output(std::move(path), std::move(temporary), file);
}

Output::Output(Output&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      file_(std::exchange(other.file_, -1)),
      waiting_(std::move(other.waiting_)) {}

Output::~Output() {
  if (file_ >= 0 && !path_.empty()) ::close(file_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Error Output::failure(std::string_view doing) const {
  return {ErrorKind::environment,
          (path_.empty() ? "standard output" : path_) + ": cannot be " + std::string(doing) + ": " + reason(),
          0};
}

Result<void> Output::write(std::string_view bytes) {
  waiting_.append(bytes);
  return waiting_.size() < written_at_once_bytes ? Result<void>() : flush();
}

Result<void> Output::flush() {
  std::string_view rest = waiting_;
  while (!rest.empty()) {
    const ssize_t written = ::write(file_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failure("written");
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  waiting_.clear();
  return {};
}

Result<void> Output::finish() {
  if (auto flushed = flush(); !flushed) return flushed;
  if (path_.empty()) return {};
  if (!temporary_.empty() && ::fsync(file_) != 0) return failure("synced");
  if (::close(std::exchange(file_, -1)) != 0) return failure("closed");
  if (temporary_.empty()) return {};
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return failure("put in place");
  temporary_.clear();
  return sync_folder_of(path_);
}

int print(std::string_view text) {
  auto output = Output::open("");
  if (const auto written = output->write(text); !written) return complain(written.error());
  if (const auto finished = output->finish(); !finished) return complain(finished.error());
  return exit_done;
}

}  // namespace touchline
