// NATS JetStream: a stream in a file, published to without waiting for each answer.

#include "tests/bench/peers.h"

#include <nats/nats.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

namespace touchline::peers {
namespace {

constexpr const char* stream = "bench";
constexpr const char* subject = "updates";
constexpr std::int64_t pending_max = 4096;  // publishes without an answer

void check(natsStatus status, const char* what) {
  if (status != NATS_OK) fail(std::string(what) + ": " + natsStatus_GetText(status));
}

// One connection with its JetStream context.
struct Connection {
  explicit Connection(const Task& task) {
    const std::string url = "nats://" + task.host + ":" + std::to_string(task.port);
    check(natsConnection_ConnectTo(&connection, url.c_str()), "connecting to nats-server");
    jsOptions options;
    jsOptions_Init(&options);
    options.PublishAsync.MaxPending = pending_max;
    options.PublishAsync.StallWait = 60'000;
    check(natsConnection_JetStream(&jet, connection, &options), "JetStream");
  }
  ~Connection() {
    jsCtx_Destroy(jet);
    natsConnection_Destroy(connection);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void add_stream() const {
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    config.Name = stream;
    const char* subjects[] = {subject};
    config.Subjects = static_cast<const char**>(subjects);
    config.SubjectsLen = 1;
    config.Storage = js_FileStorage;
    jsErrCode code{};
    js_DeleteStream(jet, stream, nullptr, &code);  // of an earlier run
    check(js_AddStream(nullptr, jet, &config, nullptr, &code), "adding the stream");
  }
  void publish(const std::string& message) const {
    check(js_PublishAsync(jet, subject, message.data(), static_cast<int>(message.size()), nullptr),
          "publishing");
  }
  void wait_for_answers() const {
    jsPubOptions options;
    jsPubOptions_Init(&options);
    options.MaxWait = 600'000;
    check(js_PublishAsyncComplete(jet, &options), "waiting for answers");
  }

  natsConnection* connection = nullptr;
  jsCtx* jet = nullptr;
};

// Its messages come on a thread of the library.
struct Subscriber {
  explicit Subscriber(const Task& task) : connection(task) {
    jsSubOptions options;
    jsSubOptions_Init(&options);
    options.Ordered = true;
    jsErrCode code{};
    check(js_Subscribe(&subscription, connection.jet, subject, receive, this, nullptr, &options, &code),
          "subscribing");
  }
  ~Subscriber() { natsSubscription_Destroy(subscription); }
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  static void receive(natsConnection* /*connection*/, natsSubscription* /*subscription*/, natsMsg* message,
                      void* self) {
    auto& subscriber = *static_cast<Subscriber*>(self);
    const std::int64_t due =
        due_in(natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message)));
    subscriber.latencies.add(now_ns() - due);
    natsMsg_Destroy(message);
    subscriber.received.fetch_add(1);
  }

  Connection connection;
  natsSubscription* subscription = nullptr;
  Latencies latencies;
  std::atomic<std::size_t> received{0};
};

}  // namespace

Published publish_to_nats(const Task& task) {
  const Connection connection(task);
  connection.add_stream();
  const std::int64_t start = now_ns();
  for (const std::string& line : task.lines)
    connection.publish(line);
  connection.wait_for_answers();
  return {task.lines.size(), static_cast<double>(now_ns() - start) / 1e9};
}

Latencies latency_of_nats(const Task& task) {
  const Connection connection(task);
  connection.add_stream();
  std::vector<std::unique_ptr<Subscriber>> subscribers;
  for (int i = 0; i < task.subscribers; ++i)
    subscribers.push_back(std::make_unique<Subscriber>(task));
  const std::int64_t start = now_ns();
  for (std::size_t i = 0; i < task.lines.size(); ++i) {
    const std::int64_t due = start + static_cast<std::int64_t>(1e9 / task.rate * static_cast<double>(i));
    if (const std::int64_t early = due - now_ns(); early > 0)
      std::this_thread::sleep_for(std::chrono::nanoseconds(early));
    connection.publish(stamped(due, task.lines[i]));
  }
  connection.wait_for_answers();
  Latencies all;
  for (const auto& subscriber : subscribers) {
    for (int i = 0; i < 60'000 && subscriber->received < task.lines.size(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (subscriber->received < task.lines.size()) fail("a JetStream subscriber did not receive everything");
    all.add(subscriber->latencies);
  }
  return all;
}

}  // namespace touchline::peers
