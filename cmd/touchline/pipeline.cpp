#include "cmd/touchline/pipeline.h"

#include "storage/journal_reader.h"

#include <chrono>
#include <utility>

namespace touchline {

std::int64_t wall_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

Pipeline::Pipeline(Loop& loop, Journal journal)
    : loop_(loop), journal_(std::make_unique<Journal>(std::move(journal))) {}

Pipeline::~Pipeline() = default;

Result<std::unique_ptr<Pipeline>> Pipeline::open(Loop& loop, const std::string& store, HubOptions hub) {
  auto journal = Journal::open(store);
  if (!journal) return journal.error();
  std::unique_ptr<Pipeline> pipeline(new Pipeline(loop, std::move(*journal)));
  auto reader = JournalReader::open(store);
  if (!reader) return reader.error();
  const auto sources = reader->sources();
  if (!sources) return sources.error();
  for (std::size_t i = 0; i < sources->size(); ++i) {
    pipeline->origin_.add_source();
    ++pipeline->source_count_;
  }
  if (const auto restored = pipeline->journal_->restore(pipeline->origin_); !restored)
    return restored.error();

  pipeline->hub_ =
      std::make_unique<Hub>(pipeline->origin_.table(), pipeline->journal_->epoch(), std::move(hub));
  pipeline->hub_->restore_head(pipeline->journal_->head());
  Pipeline* self = pipeline.get();
  self->publisher_ = std::make_unique<Publisher>(
      self->origin_, *self->hub_, [self](Batch batch) { self->store_->submit(std::move(batch)); });
  self->publisher_->on_room = [self] {
    for (const auto& work : self->on_room_)
      work();
  };
  self->publisher_->on_failure = [self] {
    if (self->on_failure) self->on_failure(*self->publisher_->failure());
  };
  self->store_ = std::make_unique<StoreThread>(*self->journal_, [self](Committed committed) {
    auto news = std::make_shared<Committed>(std::move(committed));
    self->loop_.post([self, news] {
      ++self->commit_counts_.commits;
      self->commit_counts_.took_us += news->took_us;
      self->publisher_->committed(std::move(news->batch), news->result, wall_ms());
    });
  });
  return pipeline;
}

Result<SourceId> Pipeline::source(const std::string& name) {
  const auto number = journal_->source(name);
  if (!number) return number.error();
  while (source_count_ < number->value) {
    origin_.add_source();
    ++source_count_;
  }
  return *number;
}

}  // namespace touchline
