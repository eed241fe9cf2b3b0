#include "feed/ingest/decompressor.h"

#include "core/check.h"

#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string>

namespace touchline {
namespace {

using namespace std::string_view_literals;

struct Magic {
  Compression compression;
  std::string_view bytes;
};
constexpr std::array magics{
    Magic{Compression::bzip2, "BZh"sv},
    Magic{Compression::gzip, "\x1f\x8b"sv},
    Magic{Compression::zstd, "\x28\xb5\x2f\xfd"sv},
    Magic{Compression::xz,
          "\xfd"
          "7zXZ\0"sv},
};

constexpr std::uint64_t xz_memory_bytes_max = 512U << 20;

unsigned clamped(std::size_t size) {
  return static_cast<unsigned>(std::min<std::size_t>(size, std::numeric_limits<unsigned>::max()));
}

Error damaged(std::string_view why) { return malformed("damaged (" + std::string(why) + ")"); }

class Bzip2 : public Decompressor {
 public:
  ~Bzip2() override {
    if (open_) BZ2_bzDecompressEnd(&stream_);
  }

  Result<std::size_t> step(std::string_view& in, char* to, std::size_t room) override {
    if (in.empty() && !open_) return std::size_t{0};
    if (!open_) {
      stream_ = {};
      if (BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK) return damaged("no memory");
      open_ = true;
    }
    const unsigned given = clamped(in.size());
    const unsigned space = clamped(room);
    stream_.next_in = const_cast<char*>(in.data());  // which it does not write to
    stream_.avail_in = given;
    stream_.next_out = to;
    stream_.avail_out = space;
    const int result = BZ2_bzDecompress(&stream_);
    in.remove_prefix(given - stream_.avail_in);
    const std::size_t written = space - stream_.avail_out;
    // With room left it is not within a block's bytes, and behind a block its checksum was compared.
    checked_ = result == BZ_STREAM_END || (result == BZ_OK && stream_.avail_out != 0);
    if (result == BZ_STREAM_END) {
      BZ2_bzDecompressEnd(&stream_);
      open_ = false;
    } else if (result != BZ_OK) {
      return damaged(result == BZ_DATA_ERROR_MAGIC ? "this is no bzip2 stream"
                                                   : "a checksum or a code is wrong");
    }
    return written;
  }
  bool is_checked() const override { return checked_; }
  bool is_complete() const override { return !open_; }

 private:
  bz_stream stream_{};
  bool open_ = false;
  bool checked_ = true;
};

class Gzip : public Decompressor {
 public:
  ~Gzip() override {
    if (open_) inflateEnd(&stream_);
  }

  Result<std::size_t> step(std::string_view& in, char* to, std::size_t room) override {
    if (in.empty() && !open_) return std::size_t{0};
    if (!open_) {
      constexpr int gzip_window = 15 + 16;
      stream_ = {};
      if (inflateInit2(&stream_, gzip_window) != Z_OK) return damaged("no memory");
      open_ = true;
    }
    const unsigned given = clamped(in.size());
    const unsigned space = clamped(room);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));  // which it does not write to
    stream_.avail_in = given;
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = space;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    in.remove_prefix(given - stream_.avail_in);
    const std::size_t written = space - stream_.avail_out;
    if (result == Z_STREAM_END) {
      inflateEnd(&stream_);
      open_ = false;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return damaged(stream_.msg != nullptr ? stream_.msg : "this is no gzip stream");
    }
    return written;
  }
  bool is_checked() const override { return !open_; }
  bool is_complete() const override { return !open_; }

 private:
  z_stream stream_{};
  bool open_ = false;
};

class Zstd : public Decompressor {
 public:
  Zstd() : stream_(ZSTD_createDStream()) {}
  ~Zstd() override { ZSTD_freeDStream(stream_); }

  Result<std::size_t> step(std::string_view& in, char* to, std::size_t room) override {
    if (stream_ == nullptr) return damaged("no memory");
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer out{to, room, 0};
    if (in.empty() && complete_) return std::size_t{0};
    const std::size_t result = ZSTD_decompressStream(stream_, &out, &from);
    in.remove_prefix(from.pos);
    if (ZSTD_isError(result) != 0) return damaged(ZSTD_getErrorName(result));
    complete_ = result == 0;  // else: about how many bytes of this frame are still to come
    return out.pos;
  }
  bool is_checked() const override { return complete_; }
  bool is_complete() const override { return complete_; }

 private:
  ZSTD_DStream* stream_;
  bool complete_ = true;
};

class Xz : public Decompressor {
 public:
  ~Xz() override { lzma_end(&stream_); }

  Result<std::size_t> step(std::string_view& in, char* to, std::size_t room) override {
    while (!open_ && !in.empty() && in.front() == '\0')  // padding between streams
      in.remove_prefix(1);
    if (in.empty() && !open_) return std::size_t{0};
    if (!open_) {
      if (lzma_stream_decoder(&stream_, xz_memory_bytes_max, 0) != LZMA_OK) return damaged("no memory");
      open_ = true;
    }
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    stream_.avail_in = in.size();
    stream_.next_out = reinterpret_cast<std::uint8_t*>(to);
    stream_.avail_out = room;
    const lzma_ret result = lzma_code(&stream_, LZMA_RUN);
    in.remove_prefix(in.size() - stream_.avail_in);
    const std::size_t written = room - stream_.avail_out;
    if (result == LZMA_STREAM_END) {
      open_ = false;
    } else if (result == LZMA_MEMLIMIT_ERROR) {
      return Error{ErrorKind::limit, "needs more than 512 MiB of memory to be unpacked", 0};
    } else if (result != LZMA_OK && result != LZMA_BUF_ERROR) {
      return damaged(result == LZMA_FORMAT_ERROR ? "this is no xz stream" : "a checksum or a code is wrong");
    }
    return written;
  }
  bool is_checked() const override { return !open_; }
  bool is_complete() const override { return !open_; }

 private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool open_ = false;
};

}  // namespace

Compression compression_of(std::string_view beginning) {
  for (const Magic& magic : magics) {
    if (beginning.starts_with(magic.bytes)) return magic.compression;
  }
  return Compression::none;
}

bool may_become_compressed(std::string_view beginning) {
  return std::ranges::any_of(magics, [&](const Magic& magic) {
    return beginning.size() < magic.bytes.size() && magic.bytes.starts_with(beginning);
  });
}

std::string_view name_of(Compression compression) {
  switch (compression) {
    case Compression::none:
      return "none";
    case Compression::bzip2:
      return "bzip2";
    case Compression::gzip:
      return "gzip";
    case Compression::zstd:
      return "zstd";
    case Compression::xz:
      return "xz";
  }
  return "none";
}

std::unique_ptr<Decompressor> Decompressor::of(Compression compression) {
  switch (compression) {
    case Compression::none:
      break;
    case Compression::bzip2:
      return std::make_unique<Bzip2>();
    case Compression::gzip:
      return std::make_unique<Gzip>();
    case Compression::zstd:
      return std::make_unique<Zstd>();
    case Compression::xz:
      return std::make_unique<Xz>();
  }
  TL_CHECK(!"bytes that are not compressed are not unpacked");
  return nullptr;
}

}  // namespace touchline
