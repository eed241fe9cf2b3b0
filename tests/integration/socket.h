// A plain TCP connection of the test itself: bytes out, bytes in, cut where the test wants.
//
// Knows nothing of what is said on it. Blocks, with the patience of a test as its limit.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace touchline::integration {

class Socket {
 public:
  // tcp://127.0.0.1:PORT. Fails the test where nobody listens.
  explicit Socket(std::string_view url);
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&&) = delete;
  ~Socket();

  // False where the other end has closed the connection.
  bool send(std::string_view bytes);
  // In pieces of up to so many bytes, each a packet of its own where the system lets it be one.
  bool send_in_pieces(std::string_view bytes, std::size_t piece_bytes_max, unsigned seed);
  void end_sending();
  // Up to so many bytes, at least one; empty at the end.
  std::string receive(std::size_t bytes_max);
  std::string receive_all();

 private:
  int socket_ = -1;
};

}  // namespace touchline::integration
