#include "cmd/touchline/trace_exporter.h"

#include "cmd/touchline/http_client.h"

#include <chrono>
#include <utility>

namespace touchline {
namespace {

constexpr std::chrono::seconds interval(1);
constexpr const char* target = "/v1/traces";

}  // namespace

TraceExporter::TraceExporter(Endpoint collector, TracedService service,
                             std::function<void(const std::string&)> news)
    : collector_(std::move(collector)),
      service_(std::move(service)),
      news_(std::move(news)),
      thread_([this] { run(); }) {}

TraceExporter::~TraceExporter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void TraceExporter::give(Span span) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() < waiting_max) {
    waiting_.push_back(std::move(span));
  } else {
    ++dropped_;
  }
}

void TraceExporter::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait_for(lock, interval, [this] { return stopping_; });
    const bool last = stopping_;
    const std::vector<Span> spans = std::exchange(waiting_, {});
    lock.unlock();
    if (!spans.empty()) send(spans);
    if (last) return;
    lock.lock();
  }
}

void TraceExporter::send(const std::vector<Span>& spans) {
  const auto answer = http_post(collector_, target, otlp_json(service_, spans));
  const bool taken = answer && answer->status >= 200 && answer->status < 300;
  (taken ? sent_ : dropped_) += spans.size();
  if (taken == !failing_) return;
  failing_ = !taken;
  if (taken) return news_("traces: " + collector_.text() + " takes them again");
  const std::string why =
      answer ? collector_.text() + ": status " + std::to_string(answer->status) : answer.error().text;
  news_("traces: " + why + "; spans are dropped until it takes them");
}

}  // namespace touchline
