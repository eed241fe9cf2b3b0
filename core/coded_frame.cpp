#include "core/coded_frame.h"

#include "core/varint.h"

namespace touchline {
namespace {

constexpr unsigned char deltas_bit = 0x80;
constexpr unsigned char same_event_bit = 0x40;
constexpr std::size_t long_body = 63;
constexpr std::uint64_t mark = 1;  // in place of a head: the form of the item that follows

void put_mark(std::string& out, ItemForm form) {
  if (form == ItemForm::later) return;
  out.push_back(static_cast<char>(mark));
  out.push_back(static_cast<char>(form));
}

}  // namespace

void put_coded_item(std::string& out, EventHandle event, ItemForm form, std::string_view bytes) {
  put_mark(out, form);
  put_item(out, event, bytes);
}

void put_last_coded_item(std::string& out, EventHandle event, ItemForm form, std::string_view bytes) {
  put_mark(out, form);
  put_last_item_head(out, event);
  out.append(bytes);
}

void put_coded_frame_header(std::string& out, CodedHead head, std::size_t body_bytes) {
  const unsigned kind = deltas_bit | (head == CodedHead::same_event ? same_event_bit : 0U);
  if (body_bytes < long_body) {
    out.push_back(static_cast<char>(kind | body_bytes));
    return;
  }
  out.push_back(static_cast<char>(kind | long_body));
  put_varint(out, body_bytes);
}

void put_deltas_frame(std::string& out, bool coded, std::string_view body) {
  if (!coded) return put_frame(out, FrameKind::deltas, body);
  put_coded_frame_header(out, CodedHead::told, body.size());
  out.append(body);
}

void put_coded_frame(std::string& out, EventHandle event, ItemForm form, std::string_view bytes,
                     EventHandle last_event) {
  if (form == ItemForm::later && event == last_event) {
    put_coded_frame_header(out, CodedHead::same_event, bytes.size());
    out.append(bytes);
    return;
  }
  std::string body;
  put_last_coded_item(body, event, form, bytes);
  put_coded_frame_header(out, CodedHead::told, body.size());
  out.append(body);
}

Result<bool> CodedItems::next(CodedItem& item) {
  if (at_ == body_.size()) return false;
  item.form = ItemForm::later;
  std::size_t head = at_;
  if (body_[head] == static_cast<char>(mark)) {
    if (body_.size() - head < 2) return malformed("a mark without an item", at_);
    const auto form = static_cast<unsigned char>(body_[head + 1]);
    if (form >= static_cast<unsigned char>(ItemForm::later)) return malformed("an unknown mark", at_);
    item.form = static_cast<ItemForm>(form);
    head += 2;
  }
  DeltaItems items(body_.substr(head));
  DeltaItem plain;
  const auto more = items.next(plain);
  if (!more) return Error{more.error().kind, more.error().text, at_};
  if (!*more || (plain.event.value == 0 && item.form != ItemForm::later))
    return malformed("a mark without an item", at_);
  item.event = plain.event;
  item.skipped = plain.skipped;
  item.bytes = plain.block;
  at_ = head + items.at();
  return true;
}

}  // namespace touchline
