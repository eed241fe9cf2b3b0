#include "tests/crowd/crowd_run.h"

#include "tests/crowd/clock.h"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <sstream>
#include <stdexcept>

#include <poll.h>
#include <unistd.h>

namespace touchline::crowd {
namespace {

constexpr std::size_t relay_clients_max = 19'000;  // of 20,000 descriptors
constexpr double deliveries_per_s = 25'000;        // that two cores carry from end to end with room to spare
constexpr std::int64_t stuck_ns = 60'000'000'000;
constexpr std::int64_t say_every_ns = 2'000'000'000;

MatchFeedOptions feed_options(const CrowdRunOptions& options) {
  double rate = options.rate;
  if (rate == 0) {
    const double followers = static_cast<double>(options.clients) / options.events;
    rate = std::clamp(deliveries_per_s / followers, 1.0, 50.0);
  }
  return {options.events, rate * options.seconds, options.seconds, options.seed};
}

CrowdRunOptions completed(CrowdRunOptions options) {
  if (options.relays == 0) options.relays = (options.clients + relay_clients_max - 1) / relay_clients_max;
  const std::size_t each = (options.clients + options.relays - 1) / options.relays;
  if (each > relay_clients_max)
    throw std::runtime_error("a relay has descriptors for " + std::to_string(relay_clients_max) +
                             " clients: take more relays");
  if (options.arrive_ms == 0)
    options.arrive_ms = std::max<std::int64_t>(500, static_cast<std::int64_t>(each / 4));
  return options;
}

// The address behind a phrase in a line of the log.
bool find_url(std::string_view line, std::string_view phrase, std::string& url) {
  const auto at = line.find(phrase);
  if (at == std::string_view::npos) return false;
  const std::string_view rest = line.substr(at + phrase.size());
  url = rest.substr(0, rest.find(' '));
  return true;
}

std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

CrowdRun::CrowdRun(CrowdRunOptions options)
    : options_(completed(std::move(options))),
      feed_(feed_options(options_)),
      store_(options_.folder + "/crowd-" + std::to_string(::getpid()) + ".db") {
  report_.clients = options_.clients;
  report_.relays = options_.relays;
}

Report CrowdRun::run() {
  start_origin();
  source_ = std::make_unique<Line>(origin_feed_);
  source_->send(feed_.opening());
  (void)source_->receive_line();
  start_relays();
  const std::int64_t bytes_before = relay_bytes();
  start_clients(false);
  wait_until("clients come", [&] { return sum(joined) == clients_of(false); });
  report_.rss_per_client_bytes =
      (relay_bytes() - bytes_before) / static_cast<std::int64_t>(std::max<std::size_t>(1, clients_of(false)));
  const double relay_cpu_before = relay_cpu();
  const double origin_cpu_before = origin_->cpu_seconds();
  began_ns_ = steady_ns();
  play();
  settle();
  report_.seconds = static_cast<double>(steady_ns() - began_ns_) / 1e9;
  report_.relay_cpu_seconds = relay_cpu() - relay_cpu_before;
  report_.origin_cpu_seconds = origin_->cpu_seconds() - origin_cpu_before;
  const std::string page = http_get(origin_admin_, "/metrics");
  report_.origin_connections = static_cast<std::size_t>(metric_of(page, "touchline_readers"));
  report_.origin_bytes = static_cast<std::uint64_t>(metric_of(page, "touchline_sent_bytes_total"));
  ask_for_reports();
  judge();
  return report_;
}

std::unique_ptr<Child> CrowdRun::start(std::vector<std::string> arguments,
                                       std::function<void(std::string_view)> take) {
  return std::make_unique<Child>(std::move(arguments), std::move(take));
}

void CrowdRun::start_origin() {
  const auto is_ready = std::make_shared<bool>(false);  // lines come for as long as it runs
  const std::string host = options_.origin_host;
  origin_ = start(
      {options_.program, "serve", "--store", store_, "--listen", "tcp://" + host + ":0", "--source",
       "day=tcp://127.0.0.1:0", "--admin", "127.0.0.1:0", "--stale-after-ms", "0", "--lost-after-ms", "0"},
      [is_ready, this](std::string_view line) {
        find_url(line, "serving readers on ", origin_readers_);
        find_url(line, "taking lines on ", origin_feed_);
        find_url(line, "admin on ", origin_admin_);
        *is_ready = *is_ready || line.find("ready:") != std::string_view::npos;
      });
  wait_until("the origin starts", [&] { return *is_ready; });
}

void CrowdRun::start_relays() {
  relay_urls_.resize(options_.relays);
  const auto ready = std::make_shared<std::size_t>(0);
  for (std::size_t i = 0; i < options_.relays; ++i) {
    relays_.push_back(start(
        options_.edge_prefix +
            std::vector<std::string>{options_.program, "relay", "--upstream", origin_readers_, "--clients",
                                     "http://127.0.0.1:0", "--name", "edge-" + std::to_string(i + 1)} +
            options_.relay_options,
        [ready, this, i](std::string_view line) {
          if (find_url(line, "serving clients on ", relay_urls_[i])) ++*ready;
        }));
  }
  wait_until("relays start", [&] { return *ready == options_.relays; });
}

void CrowdRun::start_clients(bool late) {
  const std::size_t all = !options_.kick_off ? options_.clients
                          : late             ? options_.clients - options_.clients / 10
                                             : options_.clients / 10;
  for (std::size_t i = 0; i < options_.relays; ++i) {
    auto clients = std::make_unique<Clients>();
    clients->came_late = late;
    clients->count = all * (i + 1) / options_.relays - all * i / options_.relays;
    std::vector<std::string> arguments{
        options_.self,    "clients",
        "--url",          relay_urls_[i],
        "--clients",      std::to_string(clients->count),
        "--arrive-ms",    std::to_string(options_.kick_off && !late ? 1'000 : options_.arrive_ms),
        "--address-from", std::to_string(crowd_.size() + 1)};
    for (const std::string& event : feed_.events())
      arguments.insert(arguments.end(), {"--event", event});
    clients->child = start(options_.edge_prefix + arguments,
                           [this, to = clients.get()](std::string_view line) { take_line(*to, line); });
    crowd_.push_back(std::move(clients));
  }
}

std::size_t CrowdRun::clients_of(bool late) const {
  std::size_t count = 0;
  for (const auto& clients : crowd_)
    count += clients->came_late == late ? clients->count : 0;
  return count;
}

// Until the last line of the day is on disk.
void CrowdRun::play() {
  feed_.start(steady_ns());
  const std::int64_t third_ns = steady_ns() + static_cast<std::int64_t>(options_.seconds / 3 * 1e9);
  bool is_early = true;
  for (std::int64_t said_ns = steady_ns(); const auto due_ns = feed_.next_due_ns();) {
    source_->send(feed_.take_due(steady_ns()));
    if (is_early && steady_ns() >= third_ns) {
      is_early = false;
      if (options_.kick_off) let_others_come();
      if (options_.outage_s != 0) cut_line();
    }
    if (coming_from_ns_ != 0 && coming_until_ns_ == 0 && sum(joined) == options_.clients)
      coming_until_ns_ = wall_ns();
    const std::int64_t wait_ns = std::clamp<std::int64_t>(*due_ns - steady_ns(), 0, 50'000'000);
    look(static_cast<int>(wait_ns / 1'000'000));
    if (steady_ns() - said_ns < say_every_ns) continue;
    said_ns = steady_ns();
    say("the day is played");
  }
  (void)source_->receive_line();
}

void CrowdRun::let_others_come() {
  coming_from_ns_ = wall_ns();
  start_clients(true);
}

// The day goes on at the origin. Goals that fall into the outage are as late as it was, and say nothing of the line.
void CrowdRun::cut_line() {
  ::kill(options_.line, SIGUSR1);
  const std::int64_t back_ns = steady_ns() + static_cast<std::int64_t>(options_.outage_s * 1e9);
  while (steady_ns() < back_ns) {
    source_->send(feed_.take_due(steady_ns()));
    look(20);
    report_.stale_most = std::max<std::size_t>(report_.stale_most, sum(stale));
  }
  ::kill(options_.line, SIGUSR2);
  say("the line is back");
}

void CrowdRun::settle() {
  story_ = story_of(store_);
  std::string until;
  for (const auto& [event, end] : story_.events)
    until += "until " + event + " " + std::to_string(end.seq) + "\n";
  for (const auto& clients : crowd_)
    clients->child->write(until);
  wait_until("clients get everything", [&] { return sum(reached) == options_.clients && sum(stale) == 0; });
}

void CrowdRun::ask_for_reports() {
  for (const auto& clients : crowd_)
    clients->child->write("report\n");
  // What they report may be a fault.
  while (!std::ranges::all_of(crowd_, [](const auto& clients) { return clients->done; }))
    look(50);
}

void CrowdRun::take_line(Clients& clients, std::string_view line) {
  const auto space = line.find(' ');
  const std::string_view word = line.substr(0, space);
  const std::string_view rest = space == std::string_view::npos ? "" : line.substr(space + 1);
  std::istringstream numbers{std::string(word == "state" ? "" : rest)};
  if (word == "progress") {
    for (std::uint64_t& number : clients.progress)
      numbers >> number;
  } else if (word == "total") {
    std::array<std::uint64_t, 6> totals{};
    for (std::uint64_t& number : totals)
      numbers >> number;
    report_.deltas += totals[0];
    report_.baseline_bytes += totals[1] + totals[0] * (signalr_head.size() + signalr_tail.size());
    report_.states += totals[2];
    report_.states_skipped += totals[3];
    report_.messages_lost += totals[4];
  } else if (word == "state") {
    take_state(rest);
  } else if (word == "goal") {
    take_goal(clients.came_late, rest);
  } else if (word == "joined") {
    for (std::int64_t took_ns = 0; numbers >> took_ns;)
      report_.joins.add(took_ns);
  } else if (word == "done") {
    clients.done = true;
  } else {
    report_.faults.emplace_back(line);
  }
}

// `EVENT SEQ CLIENTS JSON`: as so many clients hold it.
void CrowdRun::take_state(std::string_view rest) {
  std::istringstream in{std::string(rest)};
  std::string event;
  std::uint64_t seq = 0;
  std::uint64_t clients = 0;
  std::string state;
  in >> event >> seq >> clients;
  in.get();
  std::getline(in, state);
  const auto end = story_.events.find(event);
  const bool is_right = end != story_.events.end() && end->second.seq == seq && end->second.state == state;
  if (is_right) return;
  report_.digest_mismatches += clients;
  if (end != story_.events.end() && seq < end->second.seq)
    report_.messages_lost += clients * (end->second.seq - seq);
  report_.faults.push_back(std::to_string(clients) + " clients hold " + event + " at " + std::to_string(seq) +
                           " otherwise than the origin");
}

void CrowdRun::take_goal(bool late, std::string_view rest) {
  std::istringstream in{std::string(rest)};
  Arrivals goal{late, "", 0, {}};
  in >> goal.event >> goal.seq;
  for (std::int64_t at_ns = 0; in >> at_ns;)
    goal.at_ns.push_back(at_ns);
  goals_.push_back(std::move(goal));
}

void CrowdRun::judge() {
  std::set<std::pair<std::string, std::uint64_t>> goals;
  for (const Arrivals& goal : goals_) {
    goals.emplace(goal.event, goal.seq);
    const std::int64_t committed_ns = story_.committed_ms.at({goal.event, goal.seq}) * 1'000'000;
    Histogram& times = goal.late ? report_.goal_late : report_.goal;
    const bool is_meanwhile =
        !goal.late && committed_ns >= coming_from_ns_ && committed_ns <= coming_until_ns_;
    for (const std::int64_t at_ns : goal.at_ns) {
      times.add(at_ns - committed_ns);
      if (is_meanwhile) report_.goal_meanwhile.add(at_ns - committed_ns);
    }
  }
  report_.goals = goals.size();
  report_.refused = sum(refused);
  report_.ended = sum(ended);
  if (options_.outage_s != 0 && report_.stale_most < options_.clients)
    report_.faults.emplace_back("not all clients were told that the relay had lost the publisher");
}

void CrowdRun::wait_until(const char* what, const std::function<bool()>& holds) {
  std::int64_t said_ns = steady_ns();
  std::int64_t moved_ns = said_ns;
  std::uint64_t before = 0;
  while (true) {
    look(50);
    if (!report_.faults.empty()) throw std::runtime_error(report_.faults.front());
    if (holds()) return;
    const std::uint64_t now = sum(joined) + sum(reached) + sum(deltas) + sum(refused);
    if (now != before) moved_ns = steady_ns();
    before = now;
    if (steady_ns() - moved_ns > stuck_ns) {
      if (sum(deltas) != 0) return;  // what is missing shows in the report
      throw std::runtime_error(std::string("nothing moves while ") + what);
    }
    if (steady_ns() - said_ns < say_every_ns) continue;
    said_ns = steady_ns();
    say(what);
  }
}

void CrowdRun::look(int timeout_ms) {
  std::vector<Child*> children{origin_.get()};
  for (const auto& relay : relays_)
    children.push_back(relay.get());
  for (const auto& clients : crowd_)
    children.push_back(clients->child.get());
  std::erase(children, nullptr);
  std::vector<pollfd> descriptors;
  for (const Child* child : children)
    descriptors.push_back({child->descriptor(), POLLIN, 0});
  if (::poll(descriptors.data(), descriptors.size(), timeout_ms) <= 0) return;
  for (std::size_t i = 0; i < children.size(); ++i) {
    if (descriptors[i].revents == 0 || children[i]->read()) continue;
    throw std::runtime_error(children[i]->command() + "\n  has ended; it said:\n" +
                             children[i]->last_words());
  }
}

std::uint64_t CrowdRun::sum(Progress what) const {
  std::uint64_t all = 0;
  for (const auto& clients : crowd_)
    all += clients->progress[what];
  return all;
}

double CrowdRun::relay_cpu() const {
  double seconds = 0;
  for (const auto& relay : relays_)
    seconds += relay->cpu_seconds();
  return seconds;
}

std::int64_t CrowdRun::relay_bytes() const {
  std::int64_t bytes = 0;
  for (const auto& relay : relays_)
    bytes += relay->resident_bytes();
  return bytes;
}

void CrowdRun::say(const char* what) const {
  std::fprintf(stderr,
               "%s: %llu of %zu clients there, %3.0f%% played, %llu messages, %llu refused, %llu lost\n",
               what, static_cast<unsigned long long>(sum(joined)), options_.clients, feed_.played() * 100,
               static_cast<unsigned long long>(sum(deltas)), static_cast<unsigned long long>(sum(refused)),
               static_cast<unsigned long long>(sum(lost)));
}

}  // namespace touchline::crowd
