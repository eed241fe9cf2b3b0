// Order books as flat lists of facts, so that two of them are compared, and their difference is told, at a glance.
//
// A fact is a place and what stands there: "1.5 status" = "open", "1.5 47972@-0.5 back" = "[1.5,20][1.49,3]".
// Knows the export's JSON and the expected books' JSON; numbers stand as their shortest text, so that 2 and 2.0
// are one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace touchline::integration {

using Books = std::map<std::string, std::string>;

std::string number_text(double number);
// The place of a market's fact, and of a runner's.
std::string place_of(std::string_view market, std::string_view fact);
std::string place_of(std::string_view market, std::string_view runner, double handicap,
                     std::string_view fact);

// Everything that an export of all events says of its markets.
Books books_of_export(std::string_view json);
Books books_of_store(const std::string& store, const std::vector<std::string>& as_of = {});

// The books of other implementations: time -> books.
std::map<std::int64_t, Books> expected_books(const std::string& path);
// Of our books what those know of theirs: they have no names and no events, and 0 for what never came.
Books as_expected(const Books& books);
// The markets that the books speak of, and nothing of others.
Books of_the_markets_of(const Books& books, const Books& those);

// The first few facts that differ; empty where none does.
std::string books_difference(const Books& ours, const Books& theirs);

}  // namespace touchline::integration
