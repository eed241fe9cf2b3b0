#include "core/coded_frame.h"

#include "core/varint.h"

namespace touchline {
namespace {

constexpr unsigned char deltas_bit = 0x80;
constexpr unsigned char same_event_bit = 0x40;
constexpr std::size_t long_body = 63;

void put_header(std::string& out, bool same_event, std::size_t body_bytes) {
  const unsigned kind = deltas_bit | (same_event ? same_event_bit : 0U);
  if (body_bytes < long_body) {
    out.push_back(static_cast<char>(kind | body_bytes));
    return;
  }
  out.push_back(static_cast<char>(kind | long_body));
  put_varint(out, body_bytes);
}

void put_mark(std::string& out, ItemForm form) {
  if (form == ItemForm::later) return;
  out.push_back(1);
  out.push_back(static_cast<char>(form));
}

}  // namespace

void put_coded_frame(std::string& out, EventHandle event, std::string_view update, bool first_of_group,
                     bool same_event) {
  std::string head;
  if (first_of_group || !same_event) {
    put_mark(head, first_of_group ? ItemForm::first_of_group : ItemForm::later);
    put_last_item_head(head, event);
  }
  put_header(out, head.empty(), head.size() + update.size());
  out.append(head).append(update);
}

}  // namespace touchline
