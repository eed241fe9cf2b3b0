#include "feed/relay_tokens.h"

#include "core/check.h"
#include "core/limits.h"
#include "feed/small_file.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <sys/random.h>
#include <sys/stat.h>

namespace touchline {
namespace {

constexpr std::size_t token_bytes = 32;
constexpr std::size_t name_bytes_max = 64;
constexpr std::size_t file_bytes_max = 4U << 20;
constexpr std::string_view white = " \t\r";
constexpr std::string_view hash_prefix = "sha256:";
constexpr std::string_view sessions_prefix = "sessions=";

using Hash = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

Hash hash_of(std::string_view token) {
  Hash hash{};
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), hash.data());
  return hash;
}

std::string hex_of(const Hash& hash) {
  std::string text;
  for (const unsigned char byte : hash)
    text += {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
  return text;
}

bool read_hex(std::string_view text, Hash& to) {
  if (text.size() != 2 * to.size()) return false;
  for (std::size_t i = 0; i < to.size(); ++i) {
    const char* const begin = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(begin, begin + 2, to[i], 16);
    if (error != std::errc() || end != begin + 2) return false;
  }
  return true;
}

// Takes the next word off the line; empty at its end.
std::string_view next_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(white), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(white));
  line.remove_prefix(word.size());
  return word;
}

// What is wrong with the line; empty: nothing.
std::string read_line(std::string_view line, RelayToken& token) {
  token.name = std::string(next_word(line));
  if (const std::string complaint = complaint_about_name(token.name); !complaint.empty()) return complaint;
  const std::string_view hash = next_word(line);
  // What stands there may be a token itself, so it is not repeated.
  if (!hash.starts_with(hash_prefix) || !read_hex(hash.substr(hash_prefix.size()), token.sha256))
    return "behind the name stands sha256: and 64 hexadecimal digits";
  const std::string_view sessions = next_word(line);
  if (sessions.empty()) return "";
  const std::string_view number = sessions.substr(std::min(sessions_prefix.size(), sessions.size()));
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), token.sessions_max);
  const bool usable = sessions.starts_with(sessions_prefix) && error == std::errc() &&
                      end == number.data() + number.size() && token.sessions_max != 0;
  return usable && next_word(line).empty() ? "" : "behind the hash stands sessions=N, from 1 on, or nothing";
}

Result<std::string> text_of(const std::string& path) {
  auto text = read_small_file(path, file_bytes_max);
  if (!text) return Error{ErrorKind::usage, text.error().text, 0};
  if (!*text) return Error{ErrorKind::usage, path + ": cannot be read: " + std::strerror(ENOENT), 0};
  return std::move(**text);
}

}  // namespace

std::string new_token() {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::array<unsigned char, token_bytes> bytes{};
  TL_CHECK(::getentropy(bytes.data(), bytes.size()) == 0);
  std::string text;
  std::uint32_t waiting = 0;
  unsigned bits = 0;
  for (const unsigned char byte : bytes) {
    waiting = waiting << 8 | byte;
    for (bits += 8; bits >= 6; bits -= 6)
      text += letters[waiting >> (bits - 6) & 63];
  }
  if (bits != 0) text += letters[waiting << (6 - bits) & 63];
  return text;
}

std::string line_of_token(std::string_view name, std::string_view token) {
  return std::string(name) + " " + std::string(hash_prefix) + hex_of(hash_of(token));
}

std::string complaint_about_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  if (!name.empty() && name.size() <= name_bytes_max && std::ranges::all_of(name, fits)) return "";
  return "a name has 1 to " + std::to_string(name_bytes_max) + " letters, digits, '-', '_' and '.'";
}

Result<std::vector<RelayToken>> parse_tokens(std::string_view text, const std::string& path) {
  std::vector<RelayToken> tokens;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto begin = line.find_first_not_of(white);
    if (begin == std::string_view::npos || line[begin] == '#') continue;
    RelayToken token;
    std::string complaint = read_line(line, token);
    const auto same = std::ranges::find(tokens, token.sha256, &RelayToken::sha256);
    if (complaint.empty() && same != tokens.end()) complaint = "the same token as that of " + same->name;
    if (complaint.empty() && tokens.size() == limits::relay_tokens) {
      complaint = "more than " + std::to_string(limits::relay_tokens) + " tokens";
    }
    if (!complaint.empty())
      return Error{ErrorKind::usage, path + ":" + std::to_string(number) + ": " + complaint, 0};
    tokens.push_back(std::move(token));
  }
  // A file without any would keep everybody out, which nobody means.
  if (tokens.empty()) return Error{ErrorKind::usage, path + ": holds no token", 0};
  return tokens;
}

Result<std::vector<RelayToken>> read_tokens(const std::string& path) {
  const auto text = text_of(path);
  if (!text) return text.error();
  return parse_tokens(*text, path);
}

Result<std::string> own_token(const std::string& path) {
  std::string text;
  if (!path.empty()) {
    auto read = text_of(path);
    if (!read) return read.error();
    text = std::move(*read);
  } else if (const char* variable = std::getenv("TOUCHLINE_TOKEN")) {  // NOLINT(concurrency-mt-unsafe)
    text = variable;
  }
  const auto is_white = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  const auto begin = std::ranges::find_if_not(text, is_white);
  std::string token(begin,
                    std::find_if_not(text.rbegin(), std::make_reverse_iterator(begin), is_white).base());
  if (std::ranges::any_of(token, is_white) || (token.empty() && !path.empty()))
    return Error{ErrorKind::usage, (path.empty() ? "TOUCHLINE_TOKEN" : path) + ": holds not just one token",
                 0};
  return token;
}

std::string warning_about(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || (info.st_mode & (S_IWGRP | S_IWOTH)) == 0) return "";
  return path + ": others than its owner can write it, and let in whom they want; chmod go-w";
}

RelayTokens::Seat::Seat(std::shared_ptr<RelayTokens> tokens, std::string name)
    : tokens_(std::move(tokens)), name_(std::move(name)) {
  ++tokens_->sessions_[name_];
}

RelayTokens::Seat::~Seat() {
  const auto counted = tokens_->sessions_.find(name_);
  if (--counted->second == 0) tokens_->sessions_.erase(counted);
}

Result<std::unique_ptr<RelayTokens::Seat>> RelayTokens::enter(std::string_view token) {
  const Hash hash = hash_of(token);
  // No early end: how long it takes tells nobody whether the token is there, or how far it is like another.
  std::size_t found = tokens_.size();
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const bool same = CRYPTO_memcmp(hash.data(), tokens_[i].sha256.data(), hash.size()) == 0;
    found = same ? i : found;
  }
  if (found == tokens_.size()) {
    return Error{ErrorKind::mismatch, token.empty() ? "it has no token" : "its token is unknown", 0};
  }
  const RelayToken& its = tokens_[found];
  const auto counted = sessions_.find(its.name);
  if (its.sessions_max != 0 && counted != sessions_.end() && counted->second >= its.sessions_max) {
    return Error{ErrorKind::limit,
                 its.name + " has all the sessions that it may have, " + std::to_string(its.sessions_max), 0};
  }
  return std::make_unique<Seat>(shared_from_this(), its.name);
}

}  // namespace touchline
