// Who may read: the tokens of relays, known by their hashes alone, and how many sessions each has.
//
// A token is looked for among all of them in the same time, whether it is there or not, and where. Knows files and
// hashes, and nothing of what is read. Loop thread.
#pragma once

#include "core/result.h"

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace touchline {

struct RelayToken {
  std::string name;
  std::array<unsigned char, 32> sha256{};
  std::size_t sessions_max = 0;  // at a time, of this name; 0: any number
};

// 32 bytes of the system's generator, base64url.
std::string new_token();
// NAME sha256:HEX
std::string line_of_token(std::string_view name, std::string_view token);
// What is wrong with a name; empty: nothing.
std::string complaint_about_name(std::string_view name);

// A line a token: NAME sha256:HEX [sessions=N]. What is empty or begins with # is none. A name may have several
// tokens, so that one can follow another. A bad line is named by file:line.
Result<std::vector<RelayToken>> parse_tokens(std::string_view text, const std::string& path);
Result<std::vector<RelayToken>> read_tokens(const std::string& path);

// The token in a file or in the environment variable TOUCHLINE_TOKEN, without white space around it. No file and no
// variable: empty.
Result<std::string> own_token(const std::string& path);

// Whoever can write the file can let anybody in; a sentence that says so, or nothing.
std::string warning_about(const std::string& path);

class RelayTokens : public std::enable_shared_from_this<RelayTokens> {
 public:
  // One session, counted under its token's name while it is there.
  class Seat {
   public:
    Seat(std::shared_ptr<RelayTokens> tokens, std::string name);
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    ~Seat();
    const std::string& name() const { return name_; }

   private:
    std::shared_ptr<RelayTokens> tokens_;
    std::string name_;
  };

  explicit RelayTokens(std::vector<RelayToken> tokens) : tokens_(std::move(tokens)) {}

  // Sessions that stand go on, and count under their names.
  void replace(std::vector<RelayToken> tokens) { tokens_ = std::move(tokens); }
  std::size_t size() const { return tokens_.size(); }

  // The error is ErrorKind::limit where the token is right and its sessions are all taken; its text is for the log.
  Result<std::unique_ptr<Seat>> enter(std::string_view token);

 private:
  std::vector<RelayToken> tokens_;
  std::map<std::string, std::size_t> sessions_;  // by name
};

}  // namespace touchline
