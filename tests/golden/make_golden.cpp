// Writes the golden vectors anew: make_golden FOLDER. Run by hand after a change of the protocol, never by a test.

#include "tests/golden/make_golden.h"

#include "core/state_names.h"

#include <array>
#include <cstdio>
#include <fstream>
#include <map>
#include <utility>

namespace touchline::golden {
namespace {

constexpr std::size_t columns_max = 110;
constexpr std::size_t bytes_per_text = 48;

std::string spaces(int count) { return std::string(static_cast<std::size_t>(count), ' '); }

std::string hex_of(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += digits[static_cast<unsigned char>(byte) >> 4];
    text += digits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

std::string cell_json(Address address, const Value& value) {
  std::string text =
      "{\"at\":[" + std::to_string(address.market()) + "," + std::to_string(address.outcome()) + "," +
      std::to_string(static_cast<unsigned>(address.field())) + "," + std::to_string(address.level()) + "],";
  if (value.kind == ValueKind::integer) return text + "\"int\":\"" + std::to_string(value.integer) + "\"}";
  return text + "\"text\":" + quoted(value.text) + "}";
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string out;
  append_json_text(out, text);
  return out;
}

// As many short items to a line as fit.
std::string json_list(const std::vector<std::string>& items, int indent) {
  if (items.empty()) return "[]";
  if (items.front().find('\n') != std::string::npos) {
    std::string out = "[\n";
    for (std::size_t i = 0; i < items.size(); ++i) {
      out += spaces(indent + 2) + items[i] + (i + 1 == items.size() ? "\n" : ",\n");
    }
    return out + spaces(indent) + "]";
  }
  std::string out = "[\n";
  std::string line = spaces(indent + 2);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string item = items[i] + (i + 1 == items.size() ? "" : ",");
    if (line.size() > static_cast<std::size_t>(indent) + 2 && line.size() + item.size() + 1 > columns_max) {
      out += line + "\n";
      line = spaces(indent + 2);
    }
    if (line.size() > static_cast<std::size_t>(indent) + 2) line += ' ';
    line += item;
  }
  return out + line + "\n" + spaces(indent) + "]";
}

Json& Json::raw(std::string_view key, std::string_view json) {
  if (!members_.empty()) members_ += ",\n";
  members_ += spaces(inner()) + quoted(key) + ": ";
  members_ += json;
  return *this;
}

Json& Json::text(std::string_view key, std::string_view value) { return raw(key, quoted(value)); }

Json& Json::digest(std::string_view key, std::uint64_t value) {
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(value));
  return text(key, digits.data());
}

Json& Json::bytes(std::string_view key, std::string_view value) {
  if (value.size() <= bytes_per_text) return text(key, hex_of(value));
  std::vector<std::string> parts;
  for (std::size_t from = 0; from < value.size(); from += bytes_per_text) {
    parts.push_back(quoted(hex_of(value.substr(from, bytes_per_text))));
  }
  return raw(key, json_list(parts, inner()));
}

Json& Json::state(std::string_view key, const EventState& state) {
  std::map<Address, std::string> table;
  state.for_each([&](Address address, const Value& value) { table[address] = cell_json(address, value); });
  std::vector<std::string> cells;
  for (const auto& [address, cell] : table)
    cells.push_back(cell);
  Json json(inner());
  json.number("seq", state.seq.value).signed_number("source_time_ms", state.source_time_ms);
  json.digest("digest", state.digest()).raw("cells", json_list(cells, json.inner()));
  return raw(key, json.done());
}

std::string Json::done() const { return "{\n" + members_ + "\n" + spaces(indent_) + "}"; }

EventState match() {
  EventState state;
  state.set(at(0, 0, Field::id), std::string_view("m-1"));
  state.set(at(0, 0, Field::name), std::string_view("Ashford v Bexhill"));
  state.set(at(0, 0, Field::sport), std::string_view("football"));
  state.set(at(0, 0, Field::status), static_cast<std::int64_t>(EventStatus::live));
  state.set(at(0, 0, Field::home_score), 1);
  state.set(at(0, 0, Field::away_score), 0);
  state.set(at(0, 0, Field::attribute_name, 0), std::string_view("stats/corners/home"));
  state.set(at(0, 0, Field::attribute, 0), 4);
  state.set(at(1, 0, Field::id), std::string_view("1x2"));
  state.set(at(1, 0, Field::status), static_cast<std::int64_t>(MarketStatus::open));
  state.set(at(1, 1, Field::id), std::string_view("home"));
  state.set(at(1, 1, Field::last_price), 184);
  for (const std::uint32_t price : {180U, 183U, 184U})
    state.set(at(1, 1, Field::back, price), 12'000);
  for (const std::uint32_t price : {186U, 190U, 204U})
    state.set(at(1, 1, Field::lay, price), 4'420);
  state.set(at(1, 1, Field::traded, 184), 62'025);
  state.set(at(1, 2, Field::id), std::string_view("away"));
  state.set(at(2, 0, Field::id), std::string_view("total"));
  state.set(at(2, 1, Field::id), std::string_view("over"));
  state.set(at(2, 1, Field::handicap), 250);
  state.set(at(2, 1, Field::price), 190);
  state.seq = Seq(41);
  state.source_time_ms = 1'786'803'154'000;
  return state;
}

namespace {

int write_all(const std::string& folder) {
  const std::array<std::pair<const char*, std::string (*)()>, 9> files{
      {{"numbers", make_numbers},
       {"blocks", make_blocks},
       {"broken_blocks", make_broken_blocks},
       {"coded", make_coded},
       {"frames", make_frames},
       {"broken_frames", make_broken_frames},
       {"keyframes", make_keyframes},
       {"conversations", make_conversations},
       {"broken_conversations", make_broken_conversations}}};
  for (const auto& [name, make] : files) {
    const std::string path = folder + "/" + name + ".json";
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << make() << "\n";
    if (!file.flush()) {
      std::fprintf(stderr, "make_golden: cannot write %s\n", path.c_str());
      return 3;
    }
  }
  return 0;
}

}  // namespace
}  // namespace touchline::golden

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "make_golden FOLDER\n");
    return 2;
  }
  return touchline::golden::write_all(argv[1]);
}
