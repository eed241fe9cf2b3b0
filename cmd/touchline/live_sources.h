// The sources of a service that are not read from files: ports and pipes that take lines, and lines that dial a vendor.
//
// Opens each as its address says, tells the log what they tell, and passes on what all of them have to hear: room, a
// commit, the stop. Everything that their options name is read before anything is opened. Loop thread.
#pragma once

#include "cmd/touchline/pipeline.h"
#include "cmd/touchline/refusal_log.h"
#include "cmd/touchline/source_spec.h"
#include "feed/http_ingest.h"
#include "feed/ingest/betfair_client.h"
#include "feed/line_server.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace touchline {

struct LiveSourceOptions {
  std::vector<std::string> betfair_filters;  // FILE for all, or NAME=FILE for one source
  std::vector<std::string> betfair_logins;   // the same
  std::string betfair_authorities;
  std::int64_t stale_after_ms = 10'000;  // of silence; 0: never
  std::int64_t lost_after_ms = 1'000;    // without a connection; 0: never
};
void add_live_source_options(CLI::App& app, LiveSourceOptions& options);

class LiveSources {
 public:
  // Reads and judges what the sources need; an error of usage where one lacks something.
  static Result<std::unique_ptr<LiveSources>> prepare(const std::vector<SourceSpec>& specs,
                                                      const LiveSourceOptions& options);

  Result<void> open(Loop& loop, Pipeline& pipeline, const SourceSpec& spec, SourceId source);
  void start();   // those that dial
  void resume();  // there is room again
  void answer();  // a commit is on disk
  void stop();
  bool idle() const;  // behind stop(): everything is answered
  void note_cursors(Origin& origin);
  void tick(std::int64_t now_ms);
  void flush();  // the log

 private:
  Result<void> open_lines(Loop& loop, Pipeline& pipeline, const SourceSpec& spec, SourceId source);
  Result<void> open_http(Loop& loop, Pipeline& pipeline, const SourceSpec& spec, SourceId source);
  Result<void> open_betfair(Loop& loop, Pipeline& pipeline, const SourceSpec& spec, SourceId source);
  RefusalLog& log_of(const std::string& source);

  Watch watch_;
  std::map<std::string, BetfairSubscription> betfair_subscriptions_;  // by source
  std::map<std::string, std::string> betfair_logins_;                 // files by source
  std::shared_ptr<TlsContext> tls_;
  std::map<std::string, int> betfair_lines_;               // of each source
  std::vector<std::unique_ptr<RefusalLog>> refusal_logs_;  // outlive who tells them
  std::vector<std::unique_ptr<LineServer>> line_servers_;
  std::vector<std::unique_ptr<HttpIngest>> http_;
  std::vector<std::unique_ptr<BetfairClient>> betfair_;
};

}  // namespace touchline
