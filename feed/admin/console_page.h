// The console: one page of HTML that shows what the other pages of the admin port say.
//
// It stands in console.html and becomes this text at the build. It fetches nothing but from the port that served it.
#pragma once

#include <string_view>

namespace touchline {

extern const std::string_view console_page;

}  // namespace touchline
