// Redis streams: XADD in pipelines, each answer behind the sync of the append-only file.

#include "tests/bench/peers.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <memory>
#include <thread>

namespace touchline::peers {
namespace {

constexpr std::size_t pipeline_depth = 100;
constexpr const char* stream = "updates";

class Connection {
 public:
  explicit Connection(const Task& task) : context_(redisConnect(task.host.c_str(), task.port)) {
    if (context_ == nullptr || context_->err != 0) fail("connecting to redis-server");
  }
  ~Connection() { redisFree(context_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void append(const std::string& message) {
    if (redisAppendCommand(context_, "XADD %s * d %b", stream, message.data(), message.size()) != REDIS_OK)
      fail("publishing");
    ++unanswered_;
  }
  void wait_for_answers() {
    for (; unanswered_ != 0; --unanswered_)
      take(nullptr);
  }
  using Reply = std::unique_ptr<redisReply, void (*)(void*)>;
  template <class... Values>
  Reply ask(const char* format, Values... values) {
    Reply reply(static_cast<redisReply*>(redisCommand(context_, format, values...)), freeReplyObject);
    if (!reply || reply->type == REDIS_REPLY_ERROR)
      fail(std::string("redis: ") + (reply ? reply->str : context_->errstr));
    return reply;
  }

 private:
  void take(void* reply) {
    if (redisGetReply(context_, &reply) != REDIS_OK) fail("waiting for answers");
    freeReplyObject(reply);
  }

  redisContext* context_;
  std::size_t unanswered_ = 0;
};

// Reads until it has all of them.
void subscribe(const Task& task, Latencies& latencies) {
  Connection connection(task);
  std::string last = "0";
  for (std::size_t received = 0; received < task.lines.size();) {
    const auto reply = connection.ask("XREAD COUNT 1000 BLOCK 0 STREAMS %s %s", stream, last.c_str());
    const std::int64_t now = now_ns();
    // [[stream, [[id, [field, value]], ...]]]
    const redisReply* entries = reply->element[0]->element[1];
    for (std::size_t i = 0; i < entries->elements; ++i) {
      const redisReply* entry = entries->element[i];
      const redisReply* value = entry->element[1]->element[1];
      latencies.add(now - due_in(value->str, value->len));
      last.assign(entry->element[0]->str, entry->element[0]->len);
      ++received;
    }
  }
}

}  // namespace

Published publish_to_redis(const Task& task) {
  Connection connection(task);
  connection.ask("DEL %s", stream);
  const std::int64_t start = now_ns();
  for (std::size_t i = 0; i < task.lines.size(); ++i) {
    connection.append(task.lines[i]);
    if ((i + 1) % pipeline_depth == 0) connection.wait_for_answers();
  }
  connection.wait_for_answers();
  return {task.lines.size(), static_cast<double>(now_ns() - start) / 1e9};
}

// What is due goes out in one pipeline, and the next one when that is answered.
Latencies latency_of_redis(const Task& task) {
  Connection connection(task);
  connection.ask("DEL %s", stream);
  std::vector<Latencies> latencies(static_cast<std::size_t>(task.subscribers));
  std::vector<std::thread> threads;
  threads.reserve(latencies.size());
  for (Latencies& own : latencies)
    threads.emplace_back([&task, &own] { subscribe(task, own); });
  const std::int64_t start = now_ns();
  const auto due_of = [&](std::size_t i) {
    return start + static_cast<std::int64_t>(1e9 / task.rate * static_cast<double>(i));
  };
  for (std::size_t next = 0; next < task.lines.size();) {
    if (const std::int64_t early = due_of(next) - now_ns(); early > 0)
      std::this_thread::sleep_for(std::chrono::nanoseconds(early));
    for (const std::int64_t now = now_ns(); next < task.lines.size() && due_of(next) <= now; ++next)
      connection.append(stamped(due_of(next), task.lines[next]));
    connection.wait_for_answers();
  }
  for (std::thread& thread : threads)
    thread.join();
  Latencies all;
  for (const Latencies& own : latencies)
    all.add(own);
  return all;
}

}  // namespace touchline::peers
