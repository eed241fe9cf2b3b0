// A line on the way between a reader and the service that carries every byte by itself, both ways.
//
// One connection at a time, on a thread of its own. Knows nothing of what it carries.
#pragma once

#include <string>
#include <string_view>
#include <thread>

namespace touchline::integration {

class ByteProxy {
 public:
  explicit ByteProxy(std::string_view to_url);
  ByteProxy(const ByteProxy&) = delete;
  ByteProxy& operator=(const ByteProxy&) = delete;
  ~ByteProxy();  // cuts what is under way

  const std::string& url() const { return url_; }  // with the scheme of the other

 private:
  void serve() const;
  void carry(int near, int far) const;

  int listener_ = -1;
  int stop_[2] = {-1, -1};
  int port_ = 0;
  std::string url_;
  std::thread thread_;
};

}  // namespace touchline::integration
