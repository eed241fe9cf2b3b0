// What a browser is given: the page that shows events, and the module that a page of one's own follows them with.
//
// They stand as files in feed/clients/page and become these texts at the build. They fetch nothing but from the port that
// served them.
#pragma once

#include <string_view>

namespace touchline {

struct ClientPage {
  std::string_view path;
  std::string_view type;
  std::string_view text;
};

// Null: there is no page at this path.
const ClientPage* client_page_at(std::string_view path);

}  // namespace touchline
