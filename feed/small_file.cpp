#include "feed/small_file.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace touchline {
namespace {

struct Descriptor {
  int number;
  explicit Descriptor(int opened) : number(opened) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

}  // namespace

Result<std::optional<std::string>> read_small_file(const std::string& path, std::size_t bytes_max) {
  const auto unreadable = [&](const std::string& why) {
    return Error{ErrorKind::environment, path + ": cannot be read: " + why, 0};
  };
  // Without waiting for whoever may write into a pipe.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number < 0 && errno == ENOENT) return std::optional<std::string>();
  struct stat found {};
  if (file.number < 0 || ::fstat(file.number, &found) != 0) return unreadable(std::strerror(errno));
  if (!S_ISREG(found.st_mode)) return unreadable("it is no regular file");
  std::string text;
  std::array<char, 1U << 16> part{};
  while (true) {
    const ssize_t n = ::read(file.number, part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return unreadable(std::strerror(errno));
    if (n == 0) return std::optional(std::move(text));
    if (static_cast<std::size_t>(n) > bytes_max - text.size())
      return unreadable("it is larger than " + std::to_string(bytes_max) + " bytes");
    text.append(part.data(), static_cast<std::size_t>(n));
  }
}

}  // namespace touchline
