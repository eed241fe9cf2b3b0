#include "feed/admin/process_metrics.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>

#include <sys/resource.h>
#include <unistd.h>

namespace touchline {
namespace {

// The fields of /proc/self/stat from the third on, because the second, the name, may hold anything.
constexpr std::size_t stat_first = 3;
constexpr std::size_t stat_start_time = 22;  // in ticks since the boot
constexpr std::size_t stat_resident = 24;    // in pages

std::uint64_t stat_field(const std::string& stat, std::size_t wanted) {
  const std::size_t name_ends = stat.rfind(')');
  if (name_ends == std::string::npos) return 0;
  std::istringstream fields(stat.substr(name_ends + 1));
  std::string field;
  for (std::size_t at = stat_first; fields >> field; ++at) {
    if (at == wanted) return std::strtoull(field.c_str(), nullptr, 10);
  }
  return 0;
}

std::string text_of(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

double boot_time_s() {
  std::istringstream stat(text_of("/proc/stat"));
  std::string word;
  while (stat >> word) {
    double seconds = 0;
    if (word == "btime" && stat >> seconds) return seconds;
  }
  return 0;
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

}  // namespace

void add_process_metrics(MetricsPage& page) {
  const std::string stat = text_of("/proc/self/stat");
  if (!stat.empty()) {
    // The start never changes, and the boot's time does when the clock is set.
    static const double started = boot_time_s() + static_cast<double>(stat_field(stat, stat_start_time)) /
                                                      static_cast<double>(::sysconf(_SC_CLK_TCK));
    page.add(metric::started, started);
    page.add(metric::resident, static_cast<double>(stat_field(stat, stat_resident)) *
                                   static_cast<double>(::sysconf(_SC_PAGESIZE)));
  }
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) == 0)
    page.add(metric::cpu, seconds_of(used.ru_utime) + seconds_of(used.ru_stime));
  std::error_code error;
  const std::filesystem::directory_iterator fds("/proc/self/fd", error);
  if (!error) page.add(metric::open_fds, static_cast<double>(std::distance(begin(fds), end(fds)) - 1));
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) page.add(metric::max_fds, static_cast<double>(limit.rlim_cur));
}

}  // namespace touchline
