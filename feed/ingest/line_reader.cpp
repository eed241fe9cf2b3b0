#include "feed/ingest/line_reader.h"

#include "core/limits.h"

#include <boost/iostreams/device/file_descriptor.hpp>
#include <boost/iostreams/filter/bzip2.hpp>
#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filter/zstd.hpp>
#include <boost/iostreams/filtering_streambuf.hpp>

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace touchline {
namespace io = boost::iostreams;

namespace {

constexpr std::size_t chunk_bytes = 256U << 10;
constexpr std::size_t padding_bytes = 64;
constexpr std::size_t shown_bytes = 256;  // of a line that is too long

enum class Compression { none, bzip2, gzip, zstd };

Compression compression_of(std::string_view magic) {
  if (magic.starts_with("BZh")) return Compression::bzip2;
  if (magic.starts_with("\x1f\x8b")) return Compression::gzip;
  if (magic.starts_with("\x28\xb5\x2f\xfd")) return Compression::zstd;
  return Compression::none;
}

Error file_error(const std::string& path, const char* what) {
  return {ErrorKind::environment, path + ": " + what + ": " + std::strerror(errno), 0};
}

}  // namespace

struct LineReader::Impl {
  std::string path;
  io::filtering_istreambuf in;
  bool compressed = false;
  std::string buffer;        // what was read and not yet given out, and padding
  std::size_t at = 0;        // first byte not yet given out
  std::size_t filled = 0;    // end of what was read
  std::uint64_t byte = 0;    // offset of buffer[at]
  std::uint64_t number = 0;  // lines given out
  bool ended = false;

  // Reads on; false at the end of the file.
  Result<bool> fill() {
    if (ended) return false;
    if (at != 0) {
      std::memmove(buffer.data(), buffer.data() + at, filled - at);
      filled -= at;
      at = 0;
    }
    if (buffer.size() < filled + chunk_bytes + padding_bytes)
      buffer.resize(filled + chunk_bytes + padding_bytes);
    try {
      const std::streamsize got = in.sgetn(buffer.data() + filled, chunk_bytes);
      if (got <= 0) ended = true;
      filled += static_cast<std::size_t>(std::max<std::streamsize>(got, 0));
    } catch (const std::exception& failure) {
      const std::string what = compressed ? ": damaged or cut off compressed data" : ": cannot be read on";
      return Error{
          ErrorKind::malformed,
          path + what + " behind byte " + std::to_string(byte + filled) + " (" + failure.what() + ")",
          byte + filled};
    }
    return !ended;
  }

  Line give(Kind kind, std::size_t size, std::size_t eaten) {
    Line line{kind, std::string_view(buffer).substr(at, size), ++number, byte, byte + eaten};
    if (!line.text.empty() && line.text.back() == '\r') line.text.remove_suffix(1);
    at += eaten;
    byte += eaten;
    return line;
  }

  // Throws away a line that does not fit, to its line feed.
  Result<Line> skip_long() {
    Line line{Kind::too_long, {}, number + 1, byte, byte};
    std::string beginning = buffer.substr(at, shown_bytes);
    while (true) {
      const void* feed = std::memchr(buffer.data() + at, '\n', filled - at);
      if (feed != nullptr) {
        const auto eaten =
            static_cast<std::size_t>(static_cast<const char*>(feed) - (buffer.data() + at)) + 1;
        at += eaten;
        byte += eaten;
        break;
      }
      byte += filled - at;
      at = filled;
      const auto more = fill();
      if (!more) return more.error();
      if (!*more && at == filled) break;
    }
    ++number;
    line.next_byte = byte;
    shown = std::move(beginning);
    line.text = shown;
    return line;
  }

  std::string shown;
};

LineReader::LineReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LineReader::LineReader(LineReader&&) noexcept = default;
LineReader& LineReader::operator=(LineReader&&) noexcept = default;
LineReader::~LineReader() = default;

const std::string& LineReader::path() const { return impl_->path; }

Result<LineReader> LineReader::open(const std::string& path) {
  auto impl = std::make_unique<Impl>();
  impl->path = path == "-" ? "standard input" : path;
  const int file = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    Error error = file_error(path, "cannot be opened");
    if (errno == ENOENT) error.kind = ErrorKind::not_found;
    return error;
  }
  struct stat info {};
  if (::fstat(file, &info) == 0 && S_ISDIR(info.st_mode)) {
    ::close(file);
    return Error{ErrorKind::usage, path + ": is a folder, not a recording", 0};
  }
  char magic[4] = {};
  const ssize_t got = S_ISREG(info.st_mode) ? ::pread(file, magic, sizeof magic, 0) : 0;
  const auto compression = compression_of({magic, static_cast<std::size_t>(std::max<ssize_t>(got, 0))});
  impl->compressed = compression != Compression::none;
  // Let errors of filters come through as exceptions of ours to translate.
  switch (compression) {
    case Compression::bzip2:
      impl->in.push(io::bzip2_decompressor());
      break;
    case Compression::gzip:
      impl->in.push(io::gzip_decompressor());
      break;
    case Compression::zstd:
      impl->in.push(io::zstd_decompressor());
      break;
    case Compression::none:
      break;
  }
  impl->in.push(io::file_descriptor_source(file, io::close_handle), chunk_bytes);
  return LineReader(std::move(impl));
}

Result<LineReader::Line> LineReader::next() {
  Impl& self = *impl_;
  std::size_t searched = 0;
  while (true) {
    const void* feed =
        std::memchr(self.buffer.data() + self.at + searched, '\n', self.filled - self.at - searched);
    if (feed != nullptr) {
      const auto size =
          static_cast<std::size_t>(static_cast<const char*>(feed) - (self.buffer.data() + self.at));
      return self.give(Kind::line, size, size + 1);
    }
    searched = self.filled - self.at;
    if (searched > limits::line_bytes) return self.skip_long();
    const auto more = self.fill();
    if (!more) return more.error();
    if (*more) continue;
    if (self.filled == self.at) return Line{Kind::end, {}, self.number, self.byte, self.byte};
    return self.give(Kind::last, self.filled - self.at, self.filled - self.at);
  }
}

Result<LineReader::Line> LineReader::peek() {
  Impl& self = *impl_;
  const auto find_feed = [&] {
    return std::memchr(self.buffer.data() + self.at, '\n', self.filled - self.at);
  };
  const void* feed = find_feed();
  // A first line that is longer than a chunk is told by its beginning.
  while (feed == nullptr && self.filled - self.at < chunk_bytes) {
    const auto more = self.fill();
    if (!more) return more.error();
    if (!*more) break;
    feed = find_feed();
  }
  const auto size =
      feed != nullptr
          ? static_cast<std::size_t>(static_cast<const char*>(feed) - (self.buffer.data() + self.at))
          : self.filled - self.at;
  const Kind kind = self.filled == self.at ? Kind::end : Kind::line;
  return Line{kind, std::string_view(self.buffer).substr(self.at, size), self.number + 1, self.byte,
              self.byte};
}

Result<void> LineReader::skip_to(std::uint64_t byte, std::uint64_t number) {
  Impl& self = *impl_;
  while (self.byte < byte) {
    if (self.at == self.filled) {
      const auto more = self.fill();
      if (!more) return more.error();
      if (!*more && self.at == self.filled) {
        return Error{ErrorKind::mismatch,
                     self.path + ": is shorter than what the store has already taken from it (" +
                         std::to_string(byte) + " bytes)",
                     self.byte};
      }
    }
    const auto step = std::min<std::uint64_t>(byte - self.byte, self.filled - self.at);
    self.at += static_cast<std::size_t>(step);
    self.byte += step;
  }
  self.number = number;
  return {};
}

}  // namespace touchline
