#include "core/coded_frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace touchline {
namespace {

Frame frame_of(FrameReader& reader, const std::string& bytes) {
  reader.expect_coded(true);
  reader.append(bytes);
  Frame frame;
  EXPECT_TRUE(reader.next(frame).value());
  return frame;
}

TEST(CodedFrame, OfTheSameEventHasOneByteInFrontOfItsUpdate) {
  std::string bytes;
  put_coded_frame(bytes, EventHandle(7), ItemForm::later, "abc", EventHandle(7));
  EXPECT_EQ(bytes,
            "\xC3"
            "abc");
  FrameReader reader;
  const Frame frame = frame_of(reader, bytes);
  EXPECT_TRUE(frame.same_event);
  EXPECT_EQ(frame.kind, FrameKind::deltas);
  EXPECT_EQ(frame.body, "abc");
}

TEST(CodedFrame, TellsItsEventWhereItIsAnotherOrAGroupBegins) {
  for (const ItemForm form : {ItemForm::later, ItemForm::first_of_group, ItemForm::block}) {
    for (const std::size_t size : {1U, 50U, 62U, 63U, 200U}) {
      std::string bytes;
      const std::string update(size, 'u');
      put_coded_frame(bytes, EventHandle(300), form, update,
                      form == ItemForm::later ? EventHandle(2) : EventHandle(300));
      FrameReader reader;
      const Frame frame = frame_of(reader, bytes);
      EXPECT_FALSE(frame.same_event);
      CodedItems items(frame.body);
      CodedItem item;
      ASSERT_TRUE(items.next(item).value());
      EXPECT_EQ(item.event, EventHandle(300));
      EXPECT_EQ(item.form, form);
      EXPECT_EQ(item.bytes, update);
      EXPECT_FALSE(items.next(item).value());
    }
  }
}

TEST(CodedFrame, HoldsItemsOfAllFormsAndSkips) {
  std::string body;
  put_coded_item(body, EventHandle(1), ItemForm::block, "block");
  put_skip(body, 3);
  put_coded_item(body, EventHandle(2), ItemForm::first_of_group, "first");
  put_last_coded_item(body, EventHandle(2), ItemForm::later, "later");
  CodedItems items(body);
  CodedItem item;
  std::vector<std::string> seen;
  while (items.next(item).value()) {
    seen.push_back(std::to_string(item.event.value) + " " + std::to_string(static_cast<int>(item.form)) +
                   " " + std::to_string(item.skipped) + " " + std::string(item.bytes));
  }
  EXPECT_THAT(seen, testing::ElementsAre("1 0 0 block", "0 2 3 ", "2 1 0 first", "2 2 0 later"));
}

TEST(CodedFrame, RefusesMarksThatMarkNothing) {
  for (const std::string& body :
       {std::string("\1", 1), std::string("\1\2", 2), std::string("\1\1", 2), std::string("\1\0", 2),
        std::string("\1\1\0\1", 4), std::string("\1\0\1\0\2\1x", 7)}) {
    CodedItems items(body);
    CodedItem item;
    EXPECT_FALSE(items.next(item)) << testing::PrintToString(body);
  }
}

}  // namespace
}  // namespace touchline
