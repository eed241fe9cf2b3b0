#include "cmd/touchline/state_file.h"

#include "cmd/touchline/arguments.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

namespace touchline {

Result<std::optional<std::string>> read_state_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file && errno == ENOENT) return std::optional<std::string>();
  std::string saved(std::istreambuf_iterator<char>(file), {});
  if (!file) return Error{ErrorKind::environment, path + ": cannot be read: " + std::strerror(errno), 0};
  return std::optional(std::move(saved));
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
