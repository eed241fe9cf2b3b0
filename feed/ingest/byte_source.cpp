#include "feed/ingest/byte_source.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace touchline {
namespace {

constexpr std::size_t read_bytes = 256U << 10;
constexpr int moment_ms = 2;
// So little goes into bzip2 at a time that one or two blocks come out before it can be asked whether they were right:
// a block has at least about 40 bytes, and at most 46 MB unpacked.
constexpr std::size_t bzip2_step_bytes = 64;
constexpr std::size_t held_step_bytes = 1U << 20;

Error file_error(const std::string& path, const char* what) {
  return {ErrorKind::environment, path + ": " + what + ": " + std::strerror(errno), 0};
}

}  // namespace

ByteSource::ByteSource(ByteSource&& other) noexcept
    : file_(std::exchange(other.file_, -1)),
      is_pipe_(other.is_pipe_),
      file_ended_(other.file_ended_),
      input_(std::move(other.input_)),
      at_(other.at_),
      compression_(other.compression_),
      decompressor_(std::move(other.decompressor_)),
      given_(other.given_),
      unpacked_(other.unpacked_),
      checked_(other.checked_),
      is_cut_(other.is_cut_),
      certain_(other.certain_),
      failure_(std::move(other.failure_)),
      held_(std::move(other.held_)),
      held_at_(other.held_at_),
      held_end_(other.held_end_),
      held_checked_(other.held_checked_) {}

ByteSource::~ByteSource() {
  if (file_ >= 0) ::close(file_);
}

Result<ByteSource> ByteSource::open(const std::string& path, Check check) {
  const int file = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    Error error = file_error(path, "cannot be opened");
    if (errno == ENOENT) error.kind = ErrorKind::not_found;
    return error;
  }
  ByteSource source(file);
  struct stat info {};
  const bool known = ::fstat(file, &info) == 0;
  if (known && S_ISDIR(info.st_mode))
    return Error{ErrorKind::usage, path + ": is a folder, not a recording", 0};
  source.is_pipe_ = !known || !S_ISREG(info.st_mode);
  if (const auto told = source.tell_compression(); !told) return told.error();
  const bool checks_blocks = source.compression_ == Compression::bzip2;
  // Standard input may be a file that somebody has read from: it is not gone back on.
  if (check == Check::before_reading && source.decompressor_ && !checks_blocks && !source.is_pipe_ &&
      path != "-") {
    if (const auto checked = source.check_file(path); !checked) return checked.error();
  }
  return source;
}

Result<void> ByteSource::tell_compression() {
  while (input_.empty() || may_become_compressed(input_)) {
    const auto more = refill(Wait::for_bytes);
    if (!more) return more.error();
    if (*more == Read::Kind::end) break;
  }
  compression_ = compression_of(input_);
  if (compression_ != Compression::none) decompressor_ = Decompressor::of(compression_);
  return {};
}

// Unpacks all of it, to know how far it can be trusted.
Result<void> ByteSource::check_file(const std::string& path) {
  auto whole = open(path, Check::as_it_comes);
  if (!whole) return whole.error();
  std::string bytes(read_bytes, '\0');
  while (true) {
    const auto read = whole->read(bytes.data(), bytes.size(), Wait::for_bytes);
    if (!read) {
      failure_ = read.error();
      break;
    }
    if (read->kind == Read::Kind::end) return {};
  }
  // What a file that was cut off holds is what the whole one begins with; what a damaged one holds may be anything.
  certain_ = whole->is_cut_ ? whole->unpacked_ : whole->checked_;
  if (!whole->is_cut_) failure_->text += "; no checksum vouches for what follows that byte";
  return {};
}

// Reads more of the file behind what of it is not yet unpacked.
Result<ByteSource::Read::Kind> ByteSource::refill(Wait wait) {
  if (file_ended_) return Read::Kind::end;
  if (is_pipe_ && wait == Wait::a_moment) {
    pollfd waiting{file_, POLLIN, 0};
    if (::poll(&waiting, 1, moment_ms) <= 0) return Read::Kind::later;
  }
  input_.erase(0, std::exchange(at_, 0));
  const std::size_t before = input_.size();
  input_.resize(before + read_bytes);
  ssize_t got = 0;
  do {
    got = ::read(file_, input_.data() + before, read_bytes);
  } while (got < 0 && errno == EINTR);
  input_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Read::Kind::later;
  if (got < 0)
    return Error{ErrorKind::malformed, std::string("cannot be read on: ") + std::strerror(errno), 0};
  file_ended_ = got == 0;
  return file_ended_ ? Read::Kind::end : Read::Kind::bytes;
}

Result<ByteSource::Read::Kind> ByteSource::refill_compressed(Wait wait) {
  const auto more = refill(wait);
  if (!more || *more != Read::Kind::end || decompressor_->is_complete()) return more;
  is_cut_ = true;
  return malformed("the compressed data (" + std::string(name_of(compression_)) + ") is cut off");
}

Error ByteSource::named(const Error& error) const {
  return {error.kind, "the compressed data (" + std::string(name_of(compression_)) + ") is " + error.text, 0};
}

Result<ByteSource::Read> ByteSource::read(char* to, std::size_t room, Wait wait) {
  if (certain_) room = static_cast<std::size_t>(std::min<std::uint64_t>(room, *certain_ - given_));
  if (failure_ && (!certain_ || room == 0)) return *failure_;
  const auto got = !decompressor_                       ? read_plain(to, room, wait)
                   : compression_ == Compression::bzip2 ? read_checked_blocks(to, room, wait)
                                                        : read_compressed(to, room, wait);
  if (!got) {
    failure_ = got.error();
    certain_.reset();
    return got.error();
  }
  given_ += got->size;
  return got;
}

Result<ByteSource::Read> ByteSource::read_plain(char* to, std::size_t room, Wait wait) {
  if (at_ == input_.size()) {
    const auto more = refill(wait);
    if (!more) return more.error();
    if (*more != Read::Kind::bytes) return Read{*more, 0};
  }
  const std::size_t size = std::min(room, input_.size() - at_);
  std::memcpy(to, input_.data() + at_, size);
  at_ += size;
  return Read{Read::Kind::bytes, size};
}

Result<ByteSource::Read> ByteSource::read_compressed(char* to, std::size_t room, Wait wait) {
  while (true) {
    std::string_view in = std::string_view(input_).substr(at_);
    const auto written = decompressor_->step(in, to, room);
    at_ = input_.size() - in.size();
    if (!written) return named(written.error());
    unpacked_ += *written;
    if (decompressor_->is_checked()) checked_ = unpacked_;
    if (*written != 0) return Read{Read::Kind::bytes, *written};
    if (!in.empty()) continue;
    const auto more = refill_compressed(wait);
    if (!more) return more.error();
    if (*more != Read::Kind::bytes) return Read{*more, 0};
  }
}

// As read_compressed(), but gives out what a block's checksum has confirmed.
Result<ByteSource::Read> ByteSource::read_checked_blocks(char* to, std::size_t room, Wait wait) {
  while (held_checked_ == held_at_) {
    if (held_at_ == held_end_) held_at_ = held_end_ = held_checked_ = 0;
    if (held_.size() < held_end_ + held_step_bytes) held_.resize(held_end_ + 2 * held_step_bytes);
    std::string_view in = std::string_view(input_).substr(at_, bzip2_step_bytes);
    const std::size_t offered = in.size();
    const auto written = decompressor_->step(in, held_.data() + held_end_, held_.size() - held_end_);
    at_ += offered - in.size();
    if (!written) return named(written.error());
    held_end_ += *written;
    if (decompressor_->is_checked()) held_checked_ = held_end_;
    if (held_checked_ != held_at_ || *written != 0 || at_ != input_.size()) continue;
    const auto more = refill_compressed(wait);
    if (!more) return more.error();
    if (*more != Read::Kind::bytes) return Read{*more, 0};
  }
  const std::size_t size = std::min(room, held_checked_ - held_at_);
  std::memcpy(to, held_.data() + held_at_, size);
  held_at_ += size;
  return Read{Read::Kind::bytes, size};
}

}  // namespace touchline
