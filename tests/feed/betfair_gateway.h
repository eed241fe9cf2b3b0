// The vendor's side of the exchange stream, scripted: logs in, streams lines, cuts them anywhere, breaks off, goes on.
//
// Gives every message a clk of its own ("c" and its place among the lines) and goes on from it when it is asked to;
// from a clk that it never meant to be gone on from, the test fails. Runs on the loop that it is given. Tests only.
#pragma once

#include "feed/loop.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace touchline {

struct BetfairGatewayOptions {
  std::vector<std::string> lines;          // mcm, as recorded
  std::size_t piece_bytes_max = 64 << 10;  // written at once
  // How many bytes of changes a connection is sent before it breaks off; 0: it does not.
  std::function<std::size_t(int connection)> breaks_after = [](int) { return 0; };
  std::vector<std::string> errors = {};  // to the first logins, by their codes
  std::size_t repeats = 0;               // messages sent once more when it goes on
  bool in_segments = false;              // what speaks of several markets
  bool out_of_order = false;             // changes before the answer, and others' changes between them
  unsigned seed = 1;
};

class BetfairGateway {
 public:
  BetfairGateway(Loop& loop, BetfairGatewayOptions options, std::uint16_t port = 0)
      : shared_(std::make_shared<Shared>(loop, std::move(options))) {
    using boost::asio::ip::tcp;
    auto& acceptor = shared_->acceptor;
    acceptor.open(tcp::v4());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    acceptor.bind({boost::asio::ip::address_v4::loopback(), port});
    acceptor.listen();
    accept(shared_);
  }
  ~BetfairGateway() { close(); }

  std::uint16_t port() const { return shared_->acceptor.local_endpoint().port(); }
  int connections() const { return shared_->connections; }
  int at_once_max() const { return shared_->at_once_max; }
  const std::vector<std::string>& requests() const { return shared_->requests; }
  // The last connection breaks off, and none is taken any more.
  void close() {
    boost::system::error_code ignored;
    shared_->acceptor.close(ignored);
    if (const auto last = shared_->last.lock()) last->socket.close(ignored);
  }

 private:
  using Socket = boost::asio::ip::tcp::socket;
  struct Connection;
  struct Shared {
    Shared(Loop& loop, BetfairGatewayOptions chosen)
        : options(std::move(chosen)), acceptor(loop.context()), random(options.seed) {}
    BetfairGatewayOptions options;
    boost::asio::ip::tcp::acceptor acceptor;
    std::mt19937 random;
    std::weak_ptr<Connection> last;
    int connections = 0;
    int open = 0;
    int at_once_max = 0;
    std::size_t logins = 0;
    std::vector<std::string> requests;
  };

  struct Connection : std::enable_shared_from_this<Connection> {
    Connection(std::shared_ptr<Shared> of, Socket on) : gateway(std::move(of)), socket(std::move(on)) {
      number = gateway->connections++;
      gateway->at_once_max = std::max(gateway->at_once_max, ++gateway->open);
      budget = gateway->options.breaks_after(number);
      breaks = budget != 0;
      boost::system::error_code ignored;
      socket.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
    }
    ~Connection() { --gateway->open; }

    void read() {
      boost::asio::async_read_until(
          socket, boost::asio::dynamic_buffer(input), '\n',
          [self = shared_from_this()](const boost::system::error_code& error, std::size_t size) {
            if (error) return self->finish();
            const std::string line = self->input.substr(0, size);
            self->input.erase(0, size);
            self->gateway->requests.push_back(line);
            self->answer(line);
            self->read();
          });
    }

    void answer(const std::string& line) {
      simdjson::dom::parser parser;
      const simdjson::padded_string padded(line);
      const simdjson::dom::element request = parser.parse(padded);
      const std::string_view op = request["op"];
      const std::string id = std::to_string(std::int64_t(request["id"]));
      const auto& options = gateway->options;
      if (op == "authentication") {
        const std::size_t login = gateway->logins++;
        if (login >= options.errors.size()) return say(status(id, ""));
        say(status(id, options.errors[login]));
        leaves = true;
        return;
      }
      subscription = id;
      std::string_view clk;
      const bool goes_on = request["clk"].get(clk) == simdjson::SUCCESS;
      if (goes_on) {
        EXPECT_EQ(std::string_view(request["initialClk"]), "i");
        EXPECT_TRUE(clk.starts_with('c')) << "it goes on from " << clk;
        std::from_chars(clk.data() + 1, clk.data() + clk.size(), next);
        ++next;
        next -= std::min(next, options.repeats);
      }
      streams = true;
      first_type = goes_on ? "RESUB_DELTA" : "SUB_IMAGE";
      if (options.out_of_order && next < options.lines.size()) {
        append_change();
        output += message(options.lines[0], "99999", "other", "", 0, 0);
      }
      say(status(id, ""));
    }

    static std::string status(const std::string& id, const std::string& error) {
      return R"({"op":"status","id":)" + id + R"(,"statusCode":")" + (error.empty() ? "SUCCESS" : "FAILURE") +
             R"(","connectionClosed":)" +
             (error.empty() ? "false" : R"(true,"errorCode":")" + error + R"(")") + "}\r\n";
    }

    // The recorded message under our id and clk, whole or `part` of `parts` of its markets.
    std::string message(const std::string& recorded, const std::string& id, const std::string& clk,
                        const std::string& type, std::size_t part, std::size_t parts) {
      simdjson::dom::parser parser;
      const simdjson::padded_string padded(recorded);
      const simdjson::dom::object object = parser.parse(padded);
      std::string out = R"({"op":"mcm","id":)" + id + R"(,"initialClk":"i","clk":")" + clk + "\"";
      if (!type.empty()) out += R"(,"ct":")" + type + "\"";
      if (parts != 0) {
        out += R"(,"segmentType":")" +
               std::string(part == 0           ? "SEG_START"
                           : part + 1 == parts ? "SEG_END"
                                               : "SEG") +
               "\"";
      }
      for (const auto [key, value] : object) {
        if (key == "op" || key == "id" || key == "clk" || key == "initialClk" || key == "ct") continue;
        out += ",\"" + std::string(key) + "\":";
        if (key == "mc" && parts != 0) {
          out += "[" + std::string(simdjson::minify(simdjson::dom::array(value).at(part))) + "]";
        } else {
          out += simdjson::minify(value);
        }
      }
      return out + "}\r\n";
    }

    void append_change() {
      const std::size_t index = next++;
      const std::string& recorded = gateway->options.lines[index];
      const std::string clk = "c" + std::to_string(index);
      // What is no image is none here, either: the books are compared with those of the recording.
      const bool is_image = recorded.find("\"SUB_IMAGE\"") != std::string::npos;
      const bool is_heartbeat = recorded.find("\"HEARTBEAT\"") != std::string::npos;
      std::string type = is_image ? "SUB_IMAGE" : is_heartbeat ? "HEARTBEAT" : "";
      if (type.empty() && first_type == "RESUB_DELTA") type = first_type;
      first_type.clear();
      simdjson::dom::parser parser;
      const simdjson::padded_string padded(recorded);
      simdjson::dom::array markets;
      const bool has_markets = parser.parse(padded)["mc"].get(markets) == simdjson::SUCCESS;
      if (!gateway->options.in_segments || !has_markets || markets.size() < 2) {
        output += message(recorded, subscription, clk, type, 0, 0);
        return;
      }
      for (std::size_t part = 0; part < markets.size(); ++part) {
        // A clk that nobody may go on from, but for the last.
        output += message(recorded, subscription, part + 1 == markets.size() ? clk : "within", type, part,
                          markets.size());
      }
    }

    void say(std::string text) {
      output += text;
      write();
    }

    void write() {
      if (writing || !socket.is_open()) return;
      while (streams && output.size() < gateway->options.piece_bytes_max &&
             next < gateway->options.lines.size())
        append_change();
      if (output.empty()) {
        boost::system::error_code ignored;
        if (leaves) socket.shutdown(Socket::shutdown_both, ignored);
        return;
      }
      std::size_t size =
          std::min<std::size_t>(output.size(), 1 + gateway->random() % gateway->options.piece_bytes_max);
      if (breaks && streams) {
        size = std::min(size, budget);
        budget -= size;
      }
      sending = output.substr(0, size);
      output.erase(0, size);
      writing = true;
      boost::asio::async_write(
          socket, boost::asio::buffer(sending),
          [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
            self->writing = false;
            if (error) return self->finish();
            if (self->breaks && self->budget == 0) return self->finish();
            self->write();
          });
    }
    void finish() {
      boost::system::error_code ignored;
      socket.close(ignored);
    }

    std::shared_ptr<Shared> gateway;
    Socket socket;
    int number = 0;
    std::string input;
    std::string output;
    std::string sending;
    bool writing = false;
    bool streams = false;
    bool leaves = false;
    bool breaks = false;
    std::size_t budget = 0;
    std::size_t next = 0;  // of the lines
    std::string subscription;
    std::string first_type;
  };

  static void accept(const std::shared_ptr<Shared>& shared) {
    shared->acceptor.async_accept([shared](const boost::system::error_code& error, Socket socket) {
      if (error) return;
      const auto connection = std::make_shared<Connection>(shared, std::move(socket));
      shared->last = connection;
      connection->say("{\"op\":\"connection\",\"connectionId\":\"1\"}\r\n");
      connection->read();
      accept(shared);
    });
  }

  std::shared_ptr<Shared> shared_;
};

}  // namespace touchline
