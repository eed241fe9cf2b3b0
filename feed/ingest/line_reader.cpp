#include "feed/ingest/line_reader.h"

#include "core/limits.h"
#include "core/stream_hash.h"

#include <cstring>
#include <optional>
#include <utility>

namespace touchline {
namespace {

constexpr std::size_t chunk_bytes = 256U << 10;
constexpr std::size_t padding_bytes = 64;
constexpr std::size_t shown_bytes = 256;  // of a line that is too long

constexpr std::size_t looked_at_bytes = 64U << 10;    // whether it is text
constexpr std::size_t skipped_bytes_max = 16U << 20;  // of a line without end, in one call of next()

}  // namespace

struct LineReader::Impl {
  explicit Impl(ByteSource of) : in(std::move(of)) {}

  std::string path;
  ByteSource in;
  std::string buffer;        // what was read and not yet given out, and padding
  std::size_t at = 0;        // first byte not yet given out
  std::size_t filled = 0;    // end of what was read
  std::uint64_t byte = 0;    // offset of buffer[at]
  std::uint64_t number = 0;  // lines given out
  StreamHash hash;
  bool ended = false;
  std::optional<Error> failure;
  std::optional<Line> skipping;  // the line that is too long, while it is thrown away
  std::string shown;             // its beginning

  enum class Fill : std::uint8_t { more, later, end };

  Result<Fill> fill(ByteSource::Wait wait) {
    if (failure) return *failure;
    if (ended) return Fill::end;
    if (at != 0) {
      std::memmove(buffer.data(), buffer.data() + at, filled - at);
      filled -= at;
      at = 0;
    }
    if (buffer.size() < filled + chunk_bytes + padding_bytes)
      buffer.resize(filled + chunk_bytes + padding_bytes);
    const auto read = in.read(buffer.data() + filled, chunk_bytes, wait);
    if (!read) return fail(read.error());
    if (read->kind == ByteSource::Read::Kind::later) return Fill::later;
    ended = read->kind == ByteSource::Read::Kind::end;
    if (ended) return Fill::end;
    const std::uint64_t offset = byte + filled;
    filled += read->size;
    if (offset < looked_at_bytes) {
      const std::string_view looked_at = std::string_view(buffer).substr(
          filled - read->size, std::min<std::uint64_t>(read->size, looked_at_bytes - offset));
      if (const auto nul = looked_at.find('\0'); nul != std::string_view::npos) {
        failure = malformed(path + ": is no text (a NUL at byte " + std::to_string(offset + nul) +
                                "), and not compressed in a way that is known (bzip2, gzip, zstd, xz)",
                            offset + nul);
        return *failure;
      }
    }
    return Fill::more;
  }

  Error fail(const Error& error) {
    const std::uint64_t offset = byte + filled - at;
    const bool compressed = in.compression() != Compression::none;
    failure = Error{error.kind,
                    path + ":" + std::to_string(number + 1) + ": byte " + std::to_string(offset) +
                        (compressed ? " of the uncompressed data: " : ": ") + error.text,
                    offset};
    return *failure;
  }

  // Of what is at hand, so many bytes are done with.
  void eat(std::size_t size) {
    hash.append(std::string_view(buffer).substr(at, size));
    at += size;
    byte += size;
  }

  Line give(Kind kind, std::size_t size, std::size_t eaten) {
    Line line{kind, std::string_view(buffer).substr(at, size), ++number, byte, byte + eaten};
    if (!line.text.empty() && line.text.back() == '\r') line.text.remove_suffix(1);
    eat(eaten);
    return line;
  }

  // Throws away a line that does not fit, to its line feed; a part of it in each call, so that whoever asks can stop.
  Result<Line> skip_long() {
    if (!skipping) {
      shown = buffer.substr(at, shown_bytes);
      skipping = Line{Kind::too_long, shown, number + 1, byte, byte};
    }
    for (const std::uint64_t began = byte; byte - began < skipped_bytes_max;) {
      const void* feed = std::memchr(buffer.data() + at, '\n', filled - at);
      if (feed != nullptr) {
        eat(static_cast<std::size_t>(static_cast<const char*>(feed) - (buffer.data() + at)) + 1);
        return skipped();
      }
      eat(filled - at);
      const auto more = fill(ByteSource::Wait::a_moment);
      if (!more) return more.error();
      if (*more == Fill::end) return skipped();
      if (*more == Fill::later) break;
    }
    return Line{Kind::later, {}, number, byte, byte};
  }

  Line skipped() {
    ++number;
    skipping->next_byte = byte;
    return *std::exchange(skipping, std::nullopt);
  }
};

LineReader::LineReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LineReader::LineReader(LineReader&&) noexcept = default;
LineReader& LineReader::operator=(LineReader&&) noexcept = default;
LineReader::~LineReader() = default;

const std::string& LineReader::path() const { return impl_->path; }

Result<LineReader> LineReader::open(const std::string& path, ByteSource::Check check) {
  auto source = ByteSource::open(path, check);
  if (!source) return source.error();
  auto impl = std::make_unique<Impl>(std::move(*source));
  impl->path = path == "-" ? "standard input" : path;
  return LineReader(std::move(impl));
}

std::uint64_t LineReader::hash() const { return impl_->hash.value(); }

Result<LineReader::Line> LineReader::next() {
  Impl& self = *impl_;
  if (self.skipping) return self.skip_long();
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
    const auto more = self.fill(ByteSource::Wait::a_moment);
    if (!more) return more.error();
    if (*more == Impl::Fill::more) continue;
    if (*more == Impl::Fill::later) return Line{Kind::later, {}, self.number, self.byte, self.byte};
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
    const auto more = self.fill(ByteSource::Wait::for_bytes);
    if (!more) return more.error();
    if (*more == Impl::Fill::end) break;
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
      const auto more = self.fill(ByteSource::Wait::for_bytes);
      if (!more) return more.error();
      if (*more == Impl::Fill::end) {
        return Error{ErrorKind::mismatch,
                     self.path + ": is shorter than what the store has already taken from it (" +
                         std::to_string(byte) + " bytes)",
                     self.byte};
      }
    }
    const auto step = std::min<std::uint64_t>(byte - self.byte, self.filled - self.at);
    self.eat(static_cast<std::size_t>(step));
  }
  self.number = number;
  return {};
}

}  // namespace touchline
