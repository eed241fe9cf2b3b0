// Invariants of our own code: a broken one aborts, in release builds too.
//
// Nothing that a peer or a file says may ever reach a TL_CHECK: such input gets a named Error
// (core/result.h). What stands here can only fail because a programmer was wrong.
#pragma once

#include <cstdio>
#include <cstdlib>

#define TL_CHECK(condition)                                                                  \
  do {                                                                                       \
    if (!(condition)) [[unlikely]] {                                                         \
      std::fprintf(stderr, "%s:%d: broken invariant: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                          \
    }                                                                                        \
  } while (false)
