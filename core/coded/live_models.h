// What one end keeps of the events whose groups are under way: at most so many, those that were used last.
//
// Both ends keep equally many. A reader that sees only some of the publisher's coded updates, in their order, has each
// event among its last ones as long as the publisher has it among its own, so it always has what it needs.
// Knows no group and no frame. `Kept` holds a model, and whatever else its owner remembers.
#pragma once

#include "core/ids.h"

#include <cstddef>
#include <iterator>
#include <list>
#include <unordered_map>
#include <utility>

namespace touchline::coded {

template <class Kept>
class LiveModels {
 public:
  explicit LiveModels(std::size_t events_max) : events_max_(events_max) {}

  // Counts as use. Null: it is not kept any more.
  Kept* use(EventHandle event) {
    const auto place = places_.find(event);
    if (place == places_.end()) return nullptr;
    order_.splice(order_.begin(), order_, place->second);
    return &order_.front().second;
  }

  // Does not count as use.
  Kept* find(EventHandle event) {
    const auto place = places_.find(event);
    return place == places_.end() ? nullptr : &place->second->second;
  }

  // To start a group in. What it held before, of this event or another, is no longer of use.
  Kept& start(EventHandle event) {
    if (Kept* kept = use(event)) return *kept;
    if (order_.size() >= events_max_) {
      places_.erase(order_.back().first);
      order_.splice(order_.begin(), order_, std::prev(order_.end()));
      order_.front().first = event;
    } else {
      order_.emplace_front(event, Kept());
    }
    places_[event] = order_.begin();
    return order_.front().second;
  }

  void drop(EventHandle event) {
    const auto place = places_.find(event);
    if (place == places_.end()) return;
    order_.erase(place->second);
    places_.erase(place);
  }

  std::size_t size() const { return order_.size(); }

 private:
  using Order = std::list<std::pair<EventHandle, Kept>>;

  std::size_t events_max_;
  Order order_;  // the one that was used last in front
  std::unordered_map<EventHandle, typename Order::iterator> places_;
};

}  // namespace touchline::coded
