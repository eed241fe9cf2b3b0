#include "feed/loop.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <csignal>
#include <utility>

namespace touchline {

struct Loop::Signals {
  explicit Signals(boost::asio::io_context& context) : set(context) {}
  void again(std::function<void()> work) {
    set.async_wait([this, work = std::move(work)](const boost::system::error_code& error, int) {
      if (error) return;
      work();
      again(work);
    });
  }
  boost::asio::signal_set set;
};

Loop::Loop() : context_(std::make_unique<boost::asio::io_context>(1)) {}
Loop::~Loop() = default;

void Loop::run() {
  context_->restart();
  context_->run();
}
void Loop::stop() { context_->stop(); }
void Loop::post(std::function<void()> work) { boost::asio::post(*context_, std::move(work)); }

void Loop::after(std::chrono::microseconds delay, std::function<void()> work) {
  auto timer = std::make_shared<boost::asio::steady_timer>(*context_, delay);
  timer->async_wait([timer, work = std::move(work)](const boost::system::error_code& error) {
    if (!error) work();
  });
}

void Loop::every(std::chrono::microseconds interval, std::function<bool()> work) {
  after(interval, [this, interval, work = std::move(work)] {
    if (work()) every(interval, work);
  });
}

void Loop::on_stop_signal(std::function<void(int)> work) {
  signals_ = std::make_unique<Signals>(*context_);
  signals_->set.add(SIGINT);
  signals_->set.add(SIGTERM);
  signals_->set.async_wait([work = std::move(work)](const boost::system::error_code& error, int signal) {
    if (!error) work(signal);
  });
}

void Loop::on_reload_signal(std::function<void()> work) {
  reload_signals_ = std::make_unique<Signals>(*context_);
  reload_signals_->set.add(SIGHUP);
  reload_signals_->again(std::move(work));
}

void Loop::ignore_stop_signals() {
  signals_.reset();
  reload_signals_.reset();
}

}  // namespace touchline
