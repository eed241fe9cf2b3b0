// Certificates and keys for TLS, read from their files at the start and again when they are asked for anew.
//
// Connections that stand keep what they began with; the next one takes the newest. Says which file is wrong and why.
// Knows no socket. Loop thread.
#pragma once

#include "core/result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace boost::asio::ssl {
class context;
}

namespace touchline {

// PEM files; empty: none.
struct TlsFiles {
  std::string certificate;  // with those between it and its authority behind it
  std::string key;
  // Who may have signed the peer's certificate. At a server: none, and the peer needs none. At a client: none, and
  // the system's own are asked.
  std::string authorities;
};

class TlsContext {
 public:
  enum class Side : std::uint8_t { server, client };
  enum class Oldest : std::uint8_t { tls_1_2, tls_1_3 };  // that is agreed on

  // A server needs certificate and key.
  static Result<std::shared_ptr<TlsContext>> open(Side side, TlsFiles files, Oldest oldest = Oldest::tls_1_3);

  // Reads the files again. On an error everything stays as it was.
  Result<void> reload();

  const TlsFiles& files() const { return files_; }
  const std::shared_ptr<boost::asio::ssl::context>& current() const { return current_; }

 private:
  TlsContext(Side side, TlsFiles files, Oldest oldest)
      : side_(side), oldest_(oldest), files_(std::move(files)) {}

  Side side_;
  Oldest oldest_;
  TlsFiles files_;
  std::shared_ptr<boost::asio::ssl::context> current_;
};

}  // namespace touchline
