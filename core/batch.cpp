#include "core/batch.h"

namespace touchline {

std::string describe(const Rejected& rejected) {
  return rejected.source + ":" + std::to_string(rejected.line) + ": byte " + std::to_string(rejected.byte) +
         ": " + rejected.reason;
}

}  // namespace touchline
