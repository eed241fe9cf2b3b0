// Whatever a reader sends, and whenever: it is sent away by name or served, what it is sent is for a subscriber to
// take, and others are not touched. The input is steps: one byte says what, and how much.

#include "core/subscriber.h"
#include "feed/ingest/native_parser.h"
#include "feed/publisher.h"
#include "feed/reader_session.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

namespace {

using namespace touchline;

// An origin whose commits are done at once.
struct Rig {
  Origin origin;
  Hub hub{origin.table(), Epoch(1), small()};
  std::optional<Batch> in_flight;
  Publisher publisher{origin, hub, [this](Batch batch) { in_flight = std::move(batch); }};
  LineRef line = origin.add_line(origin.add_source());
  NativeParser parser;
  std::int64_t now_ms = 1'000;

  // Every bound is met soon.
  static HubOptions small() {
    HubOptions options;
    options.log_bytes_max = 2'000;
    options.reader_bytes_max = 300;
    options.conflated_bytes_max = 600;
    options.keyframe_cache_bytes_max = 4'000;
    return options;
  }

  void update(unsigned number) {
    std::string text = R"({"event":"e)" + std::to_string(number % 3) +
                       R"(","markets":[{"id":"m","outcomes":[{"id":"o","price":)" +
                       std::to_string(2 + number) + "}]}]}";
    const std::size_t size = text.size();
    text.append(64, '\0');
    Update update;
    if (!parser.parse(std::string_view(text).substr(0, size), update)) std::abort();
    if (!publisher.take(line, update, ++now_ms)) std::abort();
    settle();
  }
  void settle() {
    publisher.flush(now_ms);
    while (in_flight) {
      Batch batch = std::move(*in_flight);
      in_flight.reset();
      publisher.committed(std::move(batch), {}, now_ms);
    }
  }
};

std::string write_of(ReaderSession& session, std::int64_t now_ms) {
  std::string bytes;
  for (const Hub::Piece& piece : session.next_write(now_ms))
    bytes.append(piece.bytes);
  if (!bytes.empty()) session.written(now_ms);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Rig rig;
  rig.update(0);
  ReaderSession honest(rig.hub, {}, "honest", {}, rig.now_ms);
  Subscriber subscriber(Hello{}, {});
  honest.receive(subscriber.take_output(), rig.now_ms);
  {
    ReaderSession session(rig.hub, {}, "fuzzed", {}, rig.now_ms);
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    for (std::size_t at = 0; at < input.size();) {
      const unsigned step = data[at++];
      const std::size_t much = step >> 2;
      switch (step & 3) {
        case 0:
        case 1:
          session.receive(input.substr(at, much + 1), rig.now_ms);
          at += much + 1;
          break;
        case 2:
          rig.update(static_cast<unsigned>(much));
          break;
        case 3:
          rig.now_ms += static_cast<std::int64_t>(much) * 100;
          if (rig.now_ms >= session.due_ms()) session.tick(rig.now_ms);
          (void)write_of(session, rig.now_ms);
          break;
      }
      rig.settle();
      // Nothing of the other's is anything that this one may not be sent.
      if (!subscriber.receive(write_of(honest, rig.now_ms))) std::abort();
    }
    session.ended("");
  }
  rig.update(1);
  for (std::string bytes = write_of(honest, rig.now_ms); !bytes.empty();
       bytes = write_of(honest, rig.now_ms)) {
    if (!subscriber.receive(bytes)) std::abort();
  }
  if (subscriber.states().size() != rig.origin.table().events().size()) std::abort();
  for (const auto& event : rig.origin.table().events()) {
    if (subscriber.states().at(event->handle).digest() != event->state.digest()) std::abort();
  }
  honest.ended("");
  return 0;
}
