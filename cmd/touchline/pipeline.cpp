#include "cmd/touchline/pipeline.h"

#include "storage/journal_reader.h"

#include <utility>

namespace touchline {

Pipeline::Pipeline(Loop& loop, Journal journal)
    : loop_(loop), journal_(std::make_unique<Journal>(std::move(journal))) {}

Pipeline::~Pipeline() = default;

Result<std::unique_ptr<Pipeline>> Pipeline::open(Loop& loop, const std::string& store,
                                                 PipelineOptions options) {
  auto journal = Journal::open(store, wall_ms());
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
  const auto begun = pipeline->journal_->begin({wall_ms(), options.hub.durability, options.epoch});
  if (!begun) return begun.error();
  pipeline->epoch_start_ = *begun;
  pipeline->retention_options_ = std::move(options.retention);

  pipeline->hub_ =
      std::make_unique<Hub>(pipeline->origin_.table(), pipeline->journal_->epoch(), std::move(options.hub));
  pipeline->hub_->restore_head(pipeline->journal_->head());
  const auto cleared = reader->complete_after();
  if (!cleared) return cleared.error();
  pipeline->hub_->cleared(*cleared);
  for (const auto& event : pipeline->origin_.table().events())
    pipeline->hub_->restore_event(event->handle, pipeline->origin_.restored_at(event->handle));
  Pipeline* self = pipeline.get();
  self->publisher_ = std::make_unique<Publisher>(self->origin_, *self->hub_, [self](Batch batch) {
    if (self->publisher_->tracer) self->publisher_->tracer->handed_over(wall_us());
    self->store_->submit(std::move(batch));
  });
  self->publisher_->on_room = [self] {
    for (const auto& work : self->on_room_)
      work();
  };
  self->publisher_->on_failure = [self] {
    if (self->on_failure) self->on_failure(*self->publisher_->failure());
  };
  StoreThreadCalls calls;
  calls.committed = [self](Committed committed) {
    auto news = std::make_shared<Committed>(std::move(committed));
    self->loop_.post([self, news] {
      self->count(*news);
      self->publisher_->committed(std::move(news->batch), news->result, running_ms());
    });
  };
  calls.checkpoint = [self](const CheckpointNews& news) {
    self->loop_.post([self, news] {
      self->checkpoints_fail_ = news.kind == CheckpointNews::Kind::failing;
      if (self->on_store_checkpoint) self->on_store_checkpoint(news);
    });
  };
  calls.room = [self](const StoreRoom& room) {
    self->loop_.post([self, room] { self->store_room_ = room; });
  };
  calls.lost = [self](const Error& error) {
    self->loop_.post([self, error] { self->publisher_->fail(error); });
  };
  self->store_ = std::make_unique<StoreThread>(*self->journal_, std::move(calls));
  self->read_back_for_hub();
  // Between two portions the loop does whatever else is due.
  self->hub_->on_more_keyframes = [self] {
    self->loop_.post([self] {
      self->hub_->make_keyframes();
      self->flush();
    });
  };
  return pipeline;
}

namespace {

ReadBack entries_of(ReadThread::Answer batches) {
  if (!batches) return std::nullopt;
  std::deque<PublishedLog::Entry> entries;
  for (PastBatch& batch : *batches) {
    auto entry = PublishedLog::entry_of(std::make_shared<const std::string>(std::move(batch.items)),
                                        Offset(batch.first.value - 1), batch.count);
    if (!entry) return std::nullopt;
    entries.push_back(std::move(*entry));
  }
  return entries;
}

}  // namespace

// What returning readers lack is read from the journal, once for all of them.
void Pipeline::read_back_for_hub() {
  reads_ = std::make_unique<ReadThread>(journal_->path());
  hub_->ask_back = [this](Offset after, Offset until, std::uint64_t bytes_max) {
    reads_->ask({after, until, bytes_max}, [this, until](ReadThread::Answer answer) {
      auto news = std::make_shared<ReadBack>(entries_of(std::move(answer)));
      loop_.post([this, until, news] {
        hub_->read_back(until, std::move(*news));
        publisher_->flush(running_ms());
      });
    });
  };
}

void Pipeline::count(const Committed& committed) {
  if (!committed.result) return;
  ++commit_counts_.commits;
  commit_counts_.took_us += committed.took_us;
  commit_counts_.bytes += committed.batch.items.size();
  commit_counts_.times_us.add(committed.took_us);
  commit_counts_.deltas.add(static_cast<std::int64_t>(committed.batch.count));
  const std::int64_t now_us = wall_us();
  publisher_->times().committed(now_us);
  if (publisher_->tracer) publisher_->tracer->committed(now_us);
}

void Pipeline::start_retention() {
  if (!retention_options_) return;
  retention_ = std::make_unique<RetentionThread>(journal_->path(), *retention_options_, *store_,
                                                 [this](const RetentionNews& news) {
                                                   loop_.post([this, news] {
                                                     if (news.kind == RetentionNews::Kind::cleared)
                                                       hub_->cleared(news.through);
                                                     if (on_retention) on_retention(news);
                                                   });
                                                 });
}

std::size_t Pipeline::forget() {
  if (!retention_options_ || clock_was_set()) return 0;
  return origin_.forget(retention_options_->keep_ms, wall_ms());
}

Result<void> Pipeline::close() {
  retention_.reset();
  store_.reset();
  return journal_->end();
}

std::string Pipeline::epoch_news() const {
  const std::string number = std::to_string(journal_->epoch().value);
  switch (epoch_start_) {
    case EpochStart::kept:
      return {};
    case EpochStart::asked_for:
      return "epoch " + number + " begins, as asked for: every reader starts over";
    case EpochStart::after_unclean:
      return "epoch " + number + " begins: the last run was relaxed and did not end cleanly, " +
             "so that readers may have seen what is not on disk; they start over";
  }
  return {};
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
