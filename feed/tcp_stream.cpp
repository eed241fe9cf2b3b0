#include "feed/tcp_stream.h"

#include "feed/peer.h"

#include <boost/asio/detail/socket_option.hpp>

#include <string>
#include <utility>

#include <netinet/tcp.h>

namespace touchline {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using Unsent = boost::asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;

constexpr int unsent_bytes_max = 128 << 10;

}  // namespace

std::string set_up(tcp::socket& socket) {
  error_code error;
  socket.set_option(tcp::no_delay(true), error);
  socket.set_option(Unsent(unsent_bytes_max), error);
  return peer_of(socket);
}

TcpStream::TcpStream(tcp::socket socket) : socket_(std::move(socket)), peer_(set_up(socket_)) {}

void TcpStream::read_some(boost::asio::mutable_buffer into, Done done) {
  socket_.async_read_some(into, std::move(done));
}

void TcpStream::write_some(const std::vector<boost::asio::const_buffer>& from, Done done) {
  socket_.async_write_some(from, std::move(done));
}

void TcpStream::close() {
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

}  // namespace touchline
