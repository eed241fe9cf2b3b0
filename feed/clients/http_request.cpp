#include "feed/clients/http_request.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <algorithm>

namespace touchline {
namespace beast = boost::beast;
namespace http = beast::http;

namespace {

constexpr std::uint32_t head_bytes_max = 8U << 10;

std::string_view view_of(beast::string_view text) { return {text.data(), text.size()}; }

bool is_event_stream(std::string_view accepted) {
  const std::string_view type = accepted.substr(0, accepted.find(';'));
  return beast::iequals({type.data(), type.size()}, "text/event-stream");
}

}  // namespace

struct HttpRequestReader::Impl {
  http::request_parser<http::empty_body> parser;
  std::string bytes;  // that are not parsed yet
  std::string why;
};

HttpRequestReader::HttpRequestReader() : impl_(std::make_unique<Impl>()) {
  impl_->parser.header_limit(head_bytes_max);
}
HttpRequestReader::~HttpRequestReader() = default;

HttpRequestReader::Outcome HttpRequestReader::receive(std::string_view bytes) {
  impl_->bytes.append(bytes);
  boost::system::error_code error;
  while (!impl_->parser.is_header_done() && !impl_->bytes.empty()) {
    const std::size_t taken = impl_->parser.put(boost::asio::buffer(impl_->bytes), error);
    impl_->bytes.erase(0, taken);
    if (error == http::error::need_more) break;
    if (error) {
      impl_->why = error.message();
      return Outcome::fault;
    }
  }
  if (impl_->parser.is_header_done()) return Outcome::done;
  if (impl_->bytes.size() <= head_bytes_max) return Outcome::more;
  impl_->why = "a line is too long";
  return Outcome::fault;
}

HttpRequest HttpRequestReader::request() const {
  const auto& head = impl_->parser.get();
  HttpRequest request;
  request.method = view_of(head.method_string());
  const std::string_view target = view_of(head.target());
  const std::size_t mark = std::min(target.find('?'), target.size());
  request.path = target.substr(0, mark);
  request.query = target.substr(std::min(mark + 1, target.size()));
  request.upgrades = beast::websocket::is_upgrade(head);
  request.websocket_key = view_of(head[http::field::sec_websocket_key]);
  request.websocket_version = view_of(head[http::field::sec_websocket_version]);
  for (const auto& accepted : http::ext_list(head[http::field::accept])) {
    if (is_event_stream(view_of(accepted.first))) request.accepts_events = true;
  }
  const std::string_view accept = view_of(head[http::field::accept]);
  request.accepts_events = request.accepts_events || is_event_stream(accept);
  const auto last = head.find("Last-Event-ID");
  if (last != head.end()) request.last_event_id = std::string(view_of(last->value()));
  return request;
}

std::string_view HttpRequestReader::rest() const { return impl_->bytes; }
const std::string& HttpRequestReader::why() const { return impl_->why; }

}  // namespace touchline
