// `touchline train`: learns the prior of the codec `coded` from recordings and stores.

#include "core/coded/train.h"

#include "cmd/touchline/commands.h"
#include "cmd/touchline/recorded_deltas.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace touchline {
namespace {

struct TrainOptions {
  std::vector<std::string> recordings;
  std::string words;
  std::string output;
};

Result<void> write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  if (!file.flush()) return Error{ErrorKind::environment, path.string() + ": cannot be written", 0};
  return {};
}

Result<void> train(const TrainOptions& options) {
  const auto words = words_of(options.words);
  if (!words) return words.error();
  std::vector<coded::Trace> traces(options.recordings.size());
  std::vector<const coded::Trace*> learned;
  for (std::size_t i = 0; i < traces.size(); ++i) {
    const auto done =
        for_each_delta(options.recordings[i], [&](const KeptDelta& kept, const EventState& after) {
          traces[i].add(kept.event, after, kept.delta, kept.source_time_before_ms);
        });
    if (!done) return done.error();
    learned.push_back(&traces[i]);
    std::fprintf(stderr, "%s: %llu updates\n", options.recordings[i].c_str(),
                 static_cast<unsigned long long>(traces[i].updates()));
  }
  const coded::PriorTable table = coded::train(learned, *words);
  const std::filesystem::path folder(options.output);
  if (auto written = write(folder / "prior_slots.cpp", coded::source_of_slots(table)); !written)
    return written;
  return write(folder / "prior_texts.cpp", coded::source_of_texts(table));
}

}  // namespace

Command add_train(CLI::App& parent) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App* app =
      parent.add_subcommand("train", "Learn the prior of the codec `coded`, as the sources of its table");
  app->add_option("RECORDING", options->recordings,
                  "Recordings and stores; each counts for as much as each other")
      ->required();
  app->add_option("--words", options->words,
                  "A list of common words besides, such as core/coded/common_words.txt");
  app->add_option("-o,--output", options->output,
                  "The folder that prior_slots.cpp and prior_texts.cpp are written to")
      ->required()
      ->check(CLI::ExistingDirectory);
  app->footer(
      "A table that was released is never changed: a better one gets a version of its own.\n"
      "Example:\n  touchline simulate -o day.ndjson && touchline train day.ndjson -o .");
  return {app, [options] {
            const auto done = train(*options);
            return done ? exit_done : complain(done.error());
          }};
}

}  // namespace touchline
