// Reads the golden vectors of tests/golden/*.json for the tests.
//
// A broken file is a broken checkout: it throws, and the test that wanted it fails. Knows no codec.
#pragma once

#include "core/event_state.h"

#include <simdjson.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace touchline::golden {

using Json = simdjson::dom::element;

// A file by its name without ending; valid as long as this is.
class VectorFile {
 public:
  explicit VectorFile(const std::string& name);
  Json root() const { return root_; }

 private:
  simdjson::dom::parser parser_;
  Json root_;
};

std::string text_of(Json object, std::string_view key);
bool truth_of(Json object, std::string_view key);
std::uint64_t number_of(Json object, std::string_view key);
std::int64_t signed_of(Json object, std::string_view key);
std::uint64_t digest_of(Json object, std::string_view key);
// Hexadecimal in one text or in a list of texts.
std::string bytes_of(Json object, std::string_view key);
std::vector<std::string> texts_of(Json object, std::string_view key);
EventState state_of(Json object, std::string_view key);

std::string unhex(std::string_view digits);

// Every text that differs from this one in one bit, or in one whole byte.
void for_each_damage(const std::string& bytes, const std::function<void(const std::string&)>& visit);

}  // namespace touchline::golden
