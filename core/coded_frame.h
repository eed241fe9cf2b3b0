// How coded updates travel: the items and frames of a connection that has agreed on the codec `coded`.
//
// PROTOCOL.md, "Frames of coded updates". An item is a later update of a group unless a mark in front of it says
// otherwise; a frame of one such update may leave out which event it is for. Knows no codec and no session.
#pragma once

#include "core/frame.h"
#include "core/ids.h"
#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace touchline {

enum class ItemForm : std::uint8_t { block, first_of_group, later };

struct CodedItem {
  EventHandle event;  // 0: skipped
  ItemForm form = ItemForm::later;
  std::uint64_t skipped = 0;
  std::string_view bytes;
};

void put_coded_item(std::string& out, EventHandle event, ItemForm form, std::string_view bytes);
// The last item of a body needs no length.
void put_last_coded_item(std::string& out, EventHandle event, ItemForm form, std::string_view bytes);

enum class CodedHead : std::uint8_t { told, same_event };
// `same_event`: the body is one later update, of the event that the last item of the deltas frames before was for.
void put_coded_frame_header(std::string& out, CodedHead head, std::size_t body_bytes);

// A deltas frame, with or without coded updates.
void put_deltas_frame(std::string& out, bool coded, std::string_view body);

// A frame of one update.
void put_coded_frame(std::string& out, EventHandle event, ItemForm form, std::string_view bytes,
                     EventHandle last_event);

class CodedItems {
 public:
  explicit CodedItems(std::string_view body) : body_(body) {}
  Result<bool> next(CodedItem& item);

 private:
  std::string_view body_;
  std::size_t at_ = 0;
};

}  // namespace touchline
