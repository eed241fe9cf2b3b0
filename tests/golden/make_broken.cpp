// Golden refusals: blocks and frames that no reader may take.

#include "core/block.h"
#include "core/check.h"
#include "core/frame.h"
#include "tests/golden/make_golden.h"

#include <cstdio>
#include <limits>
#include <utility>

namespace touchline::golden {
namespace {

using Int = std::numeric_limits<std::int64_t>;

class Broken {
 public:
  explicit Broken(EventState before) : before_(std::move(before)) {}
  void add(std::string_view name, const Bytes& block) {
    const bool refused = !decode_block(before_, block.out);
    if (!refused) std::fprintf(stderr, "%s: not refused\n", std::string(name).c_str());
    TL_CHECK(refused);
    items_.push_back(Json(4).text("name", name).bytes("block", block.out).done());
  }
  std::string done() const {
    return Json(0).state("before", before_).raw("blocks", json_list(items_, 2)).done();
  }

 private:
  EventState before_;
  std::vector<std::string> items_;
};

// Whether every frame and every item of a deltas frame can be taken.
bool readable(std::string_view bytes) {
  FrameReader reader;
  reader.append(bytes);
  Frame frame;
  while (true) {
    const auto more = reader.next(frame);
    if (!more) return false;
    if (!*more) return true;
    DeltaItems items(frame.kind == FrameKind::deltas ? frame.body : std::string_view());
    DeltaItem item;
    auto another = items.next(item);
    while (another && *another)
      another = items.next(item);
    if (!another) return false;
  }
}

}  // namespace

std::string make_broken_blocks() {
  Broken broken(match());
  constexpr std::uint64_t row = 1 << 2 | 1;            // market 1, outcome 1, the last row
  constexpr std::uint64_t other_row = 1 << 2 | 2 | 1;  // the same of another market
  broken.add("empty", Bytes{});
  broken.add("a header alone", Bytes{}.v(0));
  broken.add("a varint of more than 64 bits",
             Bytes{}.text("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02").v(row).v(3 | 32).z(1));
  broken.add("a varint of more than ten bytes",
             Bytes{}.text("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80").v(0).v(row).v(3 | 32).z(1));
  broken.add("flags missing", Bytes{}.v(2));
  broken.add("an unknown cause", Bytes{}.v(2).v(5 << 2).v(row).v(3 | 32).z(1));
  broken.add("a flag that does not exist", Bytes{}.v(2).v(32).v(row).v(3 | 32).z(1));
  broken.add("merges no delta", Bytes{}.v(2).v(2).v(0).v(row).v(3 | 32).v(1).z(1));
  broken.add("merges more than 2^62 deltas",
             Bytes{}.v(2).v(2).v((1ULL << 62) + 1).v(row).v(3 | 32).v(1).z(1));
  broken.add("ends within a row", Bytes{}.v(0).v(row));
  broken.add("ends within a group", Bytes{}.v(0).v(row).v(8 | 32 | 64).v(0).z(0).z(1));
  broken.add("goes on after its last row", Bytes{}.v(0).v(row).v(3 | 32).z(1).v(0));
  broken.add("leaves out a market", Bytes{}.v(0).v(other_row).z(3).v(3 | 32).z(1));
  broken.add("leaves out an outcome", Bytes{}.v(0).v(4 << 2 | 1).v(6 | 32).z(1));
  broken.add("leaves out an outcome of another market", Bytes{}.v(0).v(3 << 2 | 2 | 1).z(1).v(6 | 32).z(1));
  broken.add("leaves out an outcome after a new one",
             Bytes{}.v(0).v(3 << 2).v(6 | 32).z(1).v(5 << 2 | 1).v(6 | 32).z(1));
  broken.add("leaves out an outcome of a new market", Bytes{}.v(0).v(2 << 2 | 2 | 1).z(2).v(6 | 32).z(1));
  broken.add("leaves out a market after a new one",
             Bytes{}.v(0).v(0 << 2 | 2).z(2).v(3 | 32).z(1).v(0 << 2 | 2 | 1).z(2).v(3 | 32).z(1));
  broken.add("a step over all markets", Bytes{}.v(0).v(other_row).z(Int::max()).v(3 | 32).z(1));
  broken.add("a step back over all markets", Bytes{}.v(0).v(other_row).z(Int::min()).v(3 | 32).z(1));
  broken.add("a negative market", Bytes{}.v(0).v(other_row).z(-2).v(3 | 32).z(1));
  broken.add("a market past the limit", Bytes{}.v(0).v(other_row).z(1 << 18).v(3 | 32).z(1));
  broken.add("an outcome past the limit", Bytes{}.v(0).v(4096 << 2 | 1).v(6 | 32).z(1));
  broken.add("rows out of order", Bytes{}.v(0).v(1 << 2).v(3 | 32).z(1).v(0 << 2 | 1).v(3 | 32).z(1));
  broken.add("a row twice", Bytes{}.v(0).v(1 << 2).v(3 | 32).z(1).v(row).v(4 | 32).z(1));
  broken.add("fields out of order", Bytes{}.v(0).v(row).v(6).z(1).v(3 | 32).z(1));
  broken.add("a ladder on ticks and off them", Bytes{}.v(0).v(row).v(8).z(0).z(1).v(22 | 32).z(1).v(5));
  broken.add("an unknown field", Bytes{}.v(0).v(row).v(31 | 32).v(41).z(1));
  broken.add("several cells of a field without levels", Bytes{}.v(0).v(row).v(6 | 32 | 64).v(0).z(1).z(1));
  broken.add("more cells than bytes", Bytes{}.v(0).v(row).v(8 | 32 | 64).v(1'000).z(0).z(1));
  broken.add("more cells than can be counted",
             Bytes{}.v(0).v(row).v(8 | 32 | 64).v(std::numeric_limits<std::uint64_t>::max()).z(0).z(1));
  broken.add("a tick past the last", Bytes{}.v(0).v(row).v(8 | 32).z(350).v(1));
  broken.add("a tick before the first", Bytes{}.v(0).v(row).v(8 | 32).z(-84).v(1));
  broken.add("a level past the last", Bytes{}.v(0).v(row).v(13 | 32).v(1 << 24).v(1));
  broken.add("a level far past the last", Bytes{}.v(0).v(row).v(22 | 32).z(1LL << 40).v(1));
  broken.add("more texts than bytes", Bytes{}.v(1).v(1'000 << 1).v(0).v(0).v(33).v(0));
  broken.add("texts out of order",
             Bytes{}.v(1).v(2 << 1).v(0).v(0).v(33).v(0).v(0).v(0).v(0).v(0).v(0).v(32).v(0).v(0).v(0).v(0));
  broken.add("a text twice",
             Bytes{}.v(1).v(2 << 1).v(0).v(0).v(33).v(0).v(0).v(0).v(0).v(0).v(0).v(33).v(0).v(0).v(0).v(0));
  broken.add("a text in an unknown field", Bytes{}.v(1).v(1 << 1).v(0).v(0).v(41).v(0).v(0).v(0).v(0));
  broken.add("a text at a level past the last",
             Bytes{}.v(1).v(1 << 1).v(0).v(0).v(0).v(1 << 24).v(0).v(0).v(0));
  broken.add("a text in a market left out", Bytes{}.v(1).v(1 << 1).v(4 << 1).v(0).v(32).v(0).v(0).v(0).v(0));
  broken.add("copies more than there is", Bytes{}.v(1).v(1 << 1).v(0).v(0).v(33).v(0).v(18).v(0).v(0));
  broken.add("copies beginning and end across each other",
             Bytes{}.v(1).v(1 << 1).v(0).v(0).v(33).v(0).v(10).v(8).v(0));
  broken.add("a text longer than the block",
             Bytes{}.v(1).v(1 << 1).v(0).v(0).v(33).v(0).v(0).v(0).v(5).text("Ash"));
  broken.add("a text longer than any may be",
             Bytes{}.v(1).v(1 << 1).v(0).v(0).v(33).v(0).v(0).v(0).v((1 << 20) + 1));
  broken.add("erases a text that is not there", Bytes{}.v(1).v(1 << 1).v(0 << 1 | 1).v(0).v(37).v(0));
  broken.add("erases an integer as a text", Bytes{}.v(1).v(1 << 1).v(0 << 1 | 1).v(0).v(20).v(0));
  return broken.done();
}

std::string make_broken_frames() {
  std::vector<std::string> items;
  const auto add = [&](std::string_view name, const std::string& bytes) {
    TL_CHECK(!readable(bytes));
    items.push_back(Json(2).text("name", name).bytes("bytes", bytes).done());
  };
  const auto deltas = [](const Bytes& body) {
    std::string frame;
    put_frame(frame, FrameKind::deltas, body.out);
    return frame;
  };
  add("kind 0", Bytes{}.v(0).v(0).out);
  add("kind 12", Bytes{}.v(12).v(0).out);
  add("kind 127", Bytes{}.v(127).v(0).out);
  add("a length that does not end", Bytes{}.v(10).text("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02").out);
  add("longer than any frame may be", Bytes{}.v(3).v((16U << 20) + 1).out);
  add("deltas longer than any frame may be", Bytes{}.text("\xFF").v((16U << 20) + 1).out);
  add("an item without a block", deltas(Bytes{}.v(1 << 1).v(0)));
  add("a last item without a block", deltas(Bytes{}.v(1 << 1 | 1)));
  add("an item that reaches past its frame", deltas(Bytes{}.v(1 << 1).v(3).v(0).v(0)));
  add("an item without its length", deltas(Bytes{}.v(1 << 1)));
  add("a handle of more than 32 bits", deltas(Bytes{}.v(1ULL << 33).v(1).v(0)));
  add("a skip of nothing", deltas(Bytes{}.v(0).v(0)));
  add("a skip without its count", deltas(Bytes{}.v(0)));
  add("a skip that implies its length", deltas(Bytes{}.v(1).v(3)));
  return json_list(items, 0);
}

}  // namespace touchline::golden
