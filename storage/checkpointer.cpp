#include "storage/checkpointer.h"

#include <utility>

namespace touchline {
namespace {

constexpr auto retry_after = std::chrono::seconds(2);
constexpr auto speak_every = std::chrono::minutes(1);

}  // namespace

std::optional<CheckpointNews> Checkpointer::step(Time now) {
  if (failures_ != 0 && now < retry_at_) return std::nullopt;
  try {
    if (!db_) {
      Database db(path_, Database::Mode::read_write);
      // SQLite copies nothing for a connection that has never read.
      db.value("SELECT count(*) FROM meta");
      db_.emplace(std::move(db));
    }
    db_->checkpoint();
  } catch (const SqliteFailure& failure) {
    return failed(now, failure.what());
  }
  const std::uint64_t failures = std::exchange(failures_, 0);
  if (failures == 0) return std::nullopt;
  return CheckpointNews{CheckpointNews::Kind::works_again,
                        path_ + ": its log is copied into the file again, after " + std::to_string(failures) +
                            (failures == 1 ? " failure" : " failures")};
}

std::optional<CheckpointNews> Checkpointer::failed(Time now, const std::string& why) {
  const bool first = failures_++ == 0;
  retry_at_ = now + retry_after;
  if (!first && now < speak_at_) return std::nullopt;
  speak_at_ = now + speak_every;
  return CheckpointNews{CheckpointNews::Kind::failing,
                        path_ + ": its log cannot be copied into the file and only grows: " + why};
}

}  // namespace touchline
