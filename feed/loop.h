// The loop: one thread that everything but the store runs on.
//
// Wraps an Asio context so that the commands can wire timers, signals and news from other threads without
// knowing Asio. post() is the only function that may be called from another thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace touchline {

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void run();   // until stop(), or until nothing is left to wait for; may be called again
  void stop();  // ends the run() under way, not a later one
  void post(std::function<void()> work);
  void after(std::chrono::microseconds delay, std::function<void()> work);
  // Again and again until it returns false.
  void every(std::chrono::microseconds interval, std::function<bool()> work);
  // SIGTERM and SIGINT.
  void on_stop_signal(std::function<void(int)> work);
  // SIGHUP, as often as it comes.
  void on_reload_signal(std::function<void()> work);
  // Takes the handlers away, so that run() may end by itself.
  void ignore_stop_signals();

  boost::asio::io_context& context() { return *context_; }

 private:
  struct Signals;
  std::unique_ptr<boost::asio::io_context> context_;
  std::unique_ptr<Signals> signals_;
  std::unique_ptr<Signals> reload_signals_;
};

}  // namespace touchline
