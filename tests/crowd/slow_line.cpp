#include "tests/crowd/slow_line.h"

#include "tests/crowd/clock.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <deque>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace touchline::crowd {
namespace {

constexpr std::size_t packets_max = 100'000;  // on their way in one direction; past it they are lost

volatile std::sig_atomic_t is_cut = 0;

int open_device(const std::string& name) {
  const int device = ::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  if (device < 0 || ::ioctl(device, TUNSETIFF, &request) != 0)
    throw std::runtime_error(name + ": no such device can be made: " + std::strerror(errno));
  return device;
}

class OneWay {
 public:
  OneWay(int from, int to, const SlowLineOptions& options, std::uint64_t seed)
      : from_(from),
        to_(to),
        delay_ns_(static_cast<std::int64_t>(options.delay_ms * 1e6)),
        lost_(options.loss),
        random_(seed) {}

  int from() const { return from_; }
  void take() {
    std::array<char, 65'536> bytes{};
    for (ssize_t got = 0; (got = ::read(from_, bytes.data(), bytes.size())) > 0;) {
      if (is_cut != 0 || lost_(random_) || packets_.size() >= packets_max) continue;
      packets_.emplace_back(steady_ns() + delay_ns_,
                            std::string(bytes.data(), static_cast<std::size_t>(got)));
    }
  }
  void give() {
    while (!packets_.empty() && packets_.front().first <= steady_ns()) {
      // A packet that is not taken is lost, as packets are.
      const std::string packet = std::move(packets_.front().second);
      packets_.pop_front();
      if (is_cut == 0 && ::write(to_, packet.data(), packet.size()) < 0) continue;
    }
  }
  std::int64_t wait_ns(std::int64_t most_ns) const {
    if (packets_.empty()) return most_ns;
    return std::clamp<std::int64_t>(packets_.front().first - steady_ns(), 0, most_ns);
  }

 private:
  int from_;
  int to_;
  std::int64_t delay_ns_;
  std::bernoulli_distribution lost_;
  std::mt19937_64 random_;
  std::deque<std::pair<std::int64_t, std::string>> packets_;  // when each is due
};

}  // namespace

int run_slow_line(const SlowLineOptions& options) try {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::signal(SIGUSR1, [](int) { is_cut = 1; });
  std::signal(SIGUSR2, [](int) { is_cut = 0; });
  const int near = open_device(options.device);
  const int space = ::open(options.far_end.c_str(), O_RDONLY | O_CLOEXEC);
  if (space < 0 || ::setns(space, CLONE_NEWNET) != 0)
    throw std::runtime_error(options.far_end + ": cannot go there: " + std::strerror(errno));
  const int far = open_device(options.device);
  OneWay there(near, far, options, options.seed);
  OneWay back(far, near, options, options.seed + 1);
  std::printf("line: up\n");
  std::fflush(stdout);
  while (true) {
    std::array<pollfd, 3> ends{pollfd{near, POLLIN, 0}, pollfd{far, POLLIN, 0},
                               pollfd{STDIN_FILENO, POLLIN, 0}};
    const std::int64_t wait_ns = std::min(there.wait_ns(100'000'000), back.wait_ns(100'000'000));
    const timespec wait{0, wait_ns};
    ::ppoll(ends.data(), ends.size(), &wait, nullptr);
    if (ends[2].revents != 0) return 0;
    there.take();
    back.take();
    there.give();
    back.give();
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 3;
}

}  // namespace touchline::crowd
