#include "cmd/touchline/bench_bytes.h"

#include "cmd/touchline/baselines.h"
#include "cmd/touchline/recorded_deltas.h"
#include "core/block.h"
#include "core/coded/coded.h"
#include "core/coded/train.h"
#include "core/coded_frame.h"
#include "core/frame.h"
#include "core/json_object.h"
#include "core/keyframe.h"
#include "core/state_json.h"
#include "feed/ingest/line_reader.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <unordered_map>

namespace touchline {
namespace {

using Clock = std::chrono::steady_clock;

struct Figures {
  std::string recording;
  std::uint64_t messages = 0;
  std::uint64_t updates = 0;
  std::uint64_t json_bytes = 0;
  std::uint64_t deflate_bytes = 0;
  std::uint64_t xz_bytes = 0;
  std::uint64_t blocks_bytes = 0;
  std::uint64_t coded_bytes = 0;
  std::uint64_t keyframe_bytes = 0;  // of all events as they stand in the end, as blocks
  std::uint64_t coded_keyframe_bytes = 0;
  std::uint64_t state_zstd_bytes = 0;  // the same states as JSON, under zstd -19
  double encode_s = 0;
  double decode_s = 0;  // and apply
};

struct Recorded {
  std::vector<KeptDelta> deltas;
  coded::Trace trace;
  Figures figures;
};

Result<void> weigh_messages(const std::string& path, Figures& figures) {
  auto reader = LineReader::open(path);
  if (!reader) return reader.error();
  MessageDeflate deflate;
  std::string whole;
  while (true) {
    const auto line = reader->next();
    if (!line) return line.error();
    if (line->kind == LineReader::Kind::end) break;
    if (line->kind == LineReader::Kind::later) continue;
    ++figures.messages;
    figures.json_bytes += line->text.size();
    figures.deflate_bytes += deflate.add(line->text);
    whole.append(line->text).push_back('\n');
  }
  figures.xz_bytes = xz_bytes(whole);
  return {};
}

Result<std::unique_ptr<Recorded>> read(const std::string& path, bool learn) {
  auto recorded = std::make_unique<Recorded>();
  recorded->figures.recording = path.substr(path.rfind('/') + 1);
  if (auto weighed = weigh_messages(path, recorded->figures); !weighed) return weighed.error();
  const auto done = for_each_delta(path, [&](const KeptDelta& kept, const EventState& after) {
    recorded->deltas.push_back(kept);
    if (learn) recorded->trace.add(kept.event, after, kept.delta, kept.source_time_before_ms);
  });
  if (!done) return done.error();
  recorded->figures.updates = recorded->deltas.size();
  return recorded;
}

// Both ends of one connection that speaks `coded`.
class CodedEnds {
 public:
  explicit CodedEnds(const coded::Prior& prior) : prior_(prior) {}

  std::size_t frame(const KeptDelta& kept, const EventState& after, Figures& figures) {
    coded::Model& model = writers_[kept.event];
    const bool first = !model.started() || model.updates == coded::updates_per_group;
    place_ = first ? coded::Place::first_of_group : coded::Place::later;
    update_.clear();
    const auto start = Clock::now();
    coded::encode_update(update_, model, prior_, place_, after, kept.delta, kept.source_time_before_ms);
    figures.encode_s += std::chrono::duration<double>(Clock::now() - start).count();
    frame_.clear();
    put_coded_frame(frame_, kept.event, first ? ItemForm::first_of_group : ItemForm::later, update_,
                    last_event_);
    last_event_ = kept.event;
    if (keep) frames += frame_;
    return frame_.size();
  }

  // What the reader makes of the frame's update.
  Result<void> take(EventHandle event, Figures& figures) {
    EventState& state = states[event];
    const auto start = Clock::now();
    const auto delta = coded::decode_update(readers_[event], prior_, place_, state, update_);
    if (!delta) return delta.error();
    apply(state, *delta);
    figures.decode_s += std::chrono::duration<double>(Clock::now() - start).count();
    return {};
  }

  std::unordered_map<EventHandle, EventState> states;
  bool keep = false;
  std::string frames;  // if they are to be kept

 private:
  const coded::Prior& prior_;
  coded::Place place_ = coded::Place::first_of_group;
  std::string update_;
  std::string frame_;
  EventHandle last_event_;
  std::unordered_map<EventHandle, coded::Model> writers_;
  std::unordered_map<EventHandle, coded::Model> readers_;
};

bool same(const EventState& a, const EventState& b) {
  return a.digest() == b.digest() && a.seq == b.seq && a.source_time_ms == b.source_time_ms;
}

// For another reader to be tested with: the frames, and a line an event with handle, number, time and digest.
Result<void> write_frames(const std::string& path, const CodedEnds& ends) {
  std::ofstream frames(path, std::ios::binary);
  frames << ends.frames;
  std::ofstream states(path + ".states", std::ios::binary);
  for (const auto& [event, state] : ends.states) {
    states << event.value << ' ' << state.seq.value << ' ' << state.source_time_ms << ' ' << state.digest()
           << '\n';
  }
  if (!frames.flush() || !states.flush())
    return Error{ErrorKind::environment, path + ": cannot be written", 0};
  return {};
}

// As a publisher sends it, but with this prior, and read back.
Result<std::size_t> coded_keyframe_bytes(EventHandle event, const EventState& state,
                                         const coded::Prior& prior) {
  std::string frames;
  if (!may_be_coded(state)) {
    put_keyframe(frames, event, state, Offset());
    return frames.size();
  }
  const std::string data = coded_state(state, prior);
  put(frames, KeyframeChunk{event, state.seq, Offset(), state.digest(), state.source_time_ms, 0, 1,
                            KeyframeForm::coded, data.size(), data});
  coded::Model model;
  auto delta = coded::decode_update(model, prior, coded::Place::first_of_group, EventState(), data);
  if (!delta) return delta.error();
  delta->seq = state.seq;
  EventState read;
  apply(read, *delta);
  if (!same(read, state)) return Error{ErrorKind::mismatch, "a coded keyframe is read as another state", 0};
  return frames.size();
}

Result<void> weigh_deltas(const std::vector<KeptDelta>& deltas, const coded::Prior& prior,
                          const std::string& frames_to, Figures& figures) {
  std::unordered_map<EventHandle, EventState> written;
  std::unordered_map<EventHandle, EventState> read;
  CodedEnds ends(prior);
  ends.keep = !frames_to.empty();
  std::string block;
  for (const KeptDelta& kept : deltas) {
    EventState& after = written[kept.event];
    apply(after, kept.delta);
    block.clear();
    encode_block(block, after, kept.delta, kept.source_time_before_ms);
    std::string frame;
    put_last_item_head(frame, kept.event);
    const std::size_t body = frame.size() + block.size();
    frame.clear();
    put_frame_header(frame, FrameKind::deltas, body);
    figures.blocks_bytes += frame.size() + body;
    EventState& state = read[kept.event];
    const auto delta = decode_block(state, block);
    if (!delta) return delta.error();
    apply(state, *delta);
    figures.coded_bytes += ends.frame(kept, after, figures);
    if (const auto taken = ends.take(kept.event, figures); !taken) return taken.error();
  }
  for (const auto& [event, state] : written) {
    if (!same(read[event], state) || !same(ends.states[event], state)) {
      return Error{ErrorKind::mismatch, figures.recording + ": the decoded states differ", 0};
    }
    std::string keyframe;
    put_keyframe(keyframe, event, state, Offset());
    figures.keyframe_bytes += keyframe.size();
    const auto coded = coded_keyframe_bytes(event, state, prior);
    if (!coded) return coded.error();
    figures.coded_keyframe_bytes += *coded;
    std::string json;
    append_state_json(json, {state, Epoch(), Offset()});
    figures.state_zstd_bytes += zstd_bytes(json);
  }
  if (!frames_to.empty()) return write_frames(frames_to, ends);
  return {};
}

double ratio(std::uint64_t a, std::uint64_t b) { return static_cast<double>(a) / static_cast<double>(b); }

JsonObject object_of(const Figures& figures) {
  JsonObject object;
  if (!figures.recording.empty()) object.add("recording", std::string_view(figures.recording));
  object.add("messages", figures.messages)
      .add("updates", figures.updates)
      .add("json_bytes", figures.json_bytes)
      .add("deflate_bytes", figures.deflate_bytes)
      .add("xz_bytes", figures.xz_bytes)
      .add("blocks_bytes", figures.blocks_bytes)
      .add("coded_bytes", figures.coded_bytes)
      .add("keyframe_bytes", figures.keyframe_bytes)
      .add("coded_keyframe_bytes", figures.coded_keyframe_bytes)
      .add("state_json_zstd_bytes", figures.state_zstd_bytes);
  return object;
}

std::string fixed(double value, const char* form) {
  std::string text(32, '\0');
  text.resize(static_cast<std::size_t>(std::snprintf(text.data(), text.size(), form, value)));
  return text;
}

void print(const std::vector<std::unique_ptr<Recorded>>& all, const BenchBytesOptions& options) {
  Figures sum;
  double deflate = 0;
  double xz = 0;
  double keyframes = 0;
  double coded_keyframes = 0;
  std::string each;
  for (const auto& recorded : all) {
    const Figures& f = recorded->figures;
    sum.messages += f.messages;
    sum.updates += f.updates;
    sum.json_bytes += f.json_bytes;
    sum.deflate_bytes += f.deflate_bytes;
    sum.xz_bytes += f.xz_bytes;
    sum.blocks_bytes += f.blocks_bytes;
    sum.coded_bytes += f.coded_bytes;
    sum.keyframe_bytes += f.keyframe_bytes;
    sum.coded_keyframe_bytes += f.coded_keyframe_bytes;
    sum.state_zstd_bytes += f.state_zstd_bytes;
    sum.encode_s += f.encode_s;
    sum.decode_s += f.decode_s;
    deflate += std::log(ratio(f.coded_bytes, f.deflate_bytes));
    xz += std::log(ratio(f.coded_bytes, f.xz_bytes));
    keyframes += std::log(ratio(f.keyframe_bytes, f.state_zstd_bytes));
    coded_keyframes += std::log(ratio(f.coded_keyframe_bytes, f.state_zstd_bytes));
    each += (each.empty() ? "" : ",") + object_of(f).text();
  }
  const auto count = static_cast<double>(all.size());
  const double of_deflate = std::exp(deflate / count);
  const double of_xz = std::exp(xz / count);
  const double of_zstd = std::exp(keyframes / count);
  const double coded_of_zstd = std::exp(coded_keyframes / count);
  const auto us = [&](double seconds) { return seconds * 1e6 / static_cast<double>(sum.updates); };
  if (options.json) {
    JsonObject object = object_of(sum);
    object.add_json("coded_of_deflate", fixed(of_deflate, "%.4f"))
        .add_json("coded_of_xz", fixed(of_xz, "%.4f"))
        .add_json("keyframes_of_state_json_zstd", fixed(of_zstd, "%.4f"))
        .add_json("coded_keyframes_of_state_json_zstd", fixed(coded_of_zstd, "%.4f"))
        .add_json("encode_us", fixed(us(sum.encode_s), "%.3f"))
        .add_json("decode_us", fixed(us(sum.decode_s), "%.3f"))
        .add_json("recordings", "[" + each + "]");
    std::fputs(object.line().c_str(), stdout);
    return;
  }
  std::printf("bytes an update, each in a frame of its own; prior: %s\n\n",
              options.leave_one_out ? "trained on the other recordings" : "the one that is shipped");
  std::printf("%-34s %9s %8s %8s %8s %8s %8s  %s\n", "", "updates", "json", "deflate", "xz", "blocks",
              "coded", "coded of deflate, of xz; keyframes of zstd -19 JSON: blocks, coded");
  for (const auto& recorded : all) {
    const Figures& f = recorded->figures;
    const auto an_update = [&](std::uint64_t bytes) { return ratio(bytes, f.updates); };
    std::printf("%-34.34s %9llu %8.1f %8.2f %8.2f %8.2f %8.2f  %.3f %.3f; %.3f %.3f\n", f.recording.c_str(),
                static_cast<unsigned long long>(f.updates), an_update(f.json_bytes),
                an_update(f.deflate_bytes), an_update(f.xz_bytes), an_update(f.blocks_bytes),
                an_update(f.coded_bytes), ratio(f.coded_bytes, f.deflate_bytes),
                ratio(f.coded_bytes, f.xz_bytes), ratio(f.keyframe_bytes, f.state_zstd_bytes),
                ratio(f.coded_keyframe_bytes, f.state_zstd_bytes));
  }
  std::printf("\ngeometric means: %.4f of deflate, %.4f of xz; keyframes as blocks %.3f, coded %.3f\n",
              of_deflate, of_xz, of_zstd, coded_of_zstd);
  std::printf("coded: %.2f us an update to encode, %.2f us to decode and apply\n", us(sum.encode_s),
              us(sum.decode_s));
}

}  // namespace

Result<void> bench_bytes(const BenchBytesOptions& options) {
  if (options.leave_one_out && options.recordings.size() < 2) {
    return Error{ErrorKind::usage, "--leave-one-out needs other recordings to train on", 0};
  }
  if (!options.frames.empty() && options.recordings.size() != 1) {
    return Error{ErrorKind::usage, "--frames is for one recording", 0};
  }
  const auto words = words_of(options.words);
  if (!words) return words.error();
  std::vector<std::unique_ptr<Recorded>> all;
  for (const std::string& path : options.recordings) {
    auto recorded = read(path, options.leave_one_out);
    if (!recorded) return recorded.error();
    all.push_back(std::move(*recorded));
  }
  for (const auto& recorded : all) {
    std::shared_ptr<const coded::Prior> prior;
    if (options.leave_one_out) {
      std::vector<const coded::Trace*> others;
      for (const auto& other : all) {
        if (other != recorded) others.push_back(&other->trace);
      }
      prior = std::make_shared<const coded::Prior>(coded::make_prior(coded::train(others, *words), 0));
    } else {
      prior = coded::shipped_prior();
    }
    if (const auto weighed = weigh_deltas(recorded->deltas, *prior, options.frames, recorded->figures);
        !weighed)
      return weighed;
  }
  print(all, options);
  return {};
}

}  // namespace touchline
