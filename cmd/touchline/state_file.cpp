#include "cmd/touchline/state_file.h"

#include "cmd/touchline/arguments.h"
#include "feed/small_file.h"

#include <cstddef>
#include <utility>

namespace touchline {

constexpr std::size_t state_file_bytes_max = std::size_t{8} << 30;

Result<std::optional<std::string>> read_state_file(const std::string& path) {
  return read_small_file(path, state_file_bytes_max);
}

Result<void> write_state_file(const std::string& path, const std::string& bytes) {
  auto output = Output::open(path);
  if (!output) return output.error();
  if (const auto written = output->write(bytes); !written) return written;
  return output->finish();
}

void StateWriter::write(std::string bytes, std::function<void(Result<void>)> done) {
  wait();
  writing_ = true;
  thread_ = std::thread([path = path_, bytes = std::move(bytes), done = std::move(done)] {
    done(write_state_file(path, bytes));
  });
}

void StateWriter::finished() {
  wait();
  writing_ = false;
}

}  // namespace touchline
