// A disk that can lose power beneath SQLite: what was not synced may be lost, in part, in any order.
//
// Stands between SQLite and the real files as its default VFS, in this process alone. Everything goes through to
// the files, and is remembered until it is synced; after a loss the files are made what they may be then. Knows
// nothing of what is stored. One thread.
#pragma once

#include "tests/core/random_fixture.h"

#include <string>

namespace touchline::simulation {

// Once, before the first connection.
void stand_between();

// The power goes after so many more writes to the disk; 0: now. From then on nothing works.
void lose_power_after(int writes);
bool power_is_lost();
// With every connection closed: what survived. `kept_all`: only the process died, the system wrote everything.
void restore_power(test::Random& random, bool kept_all);
// Forgets files of other runs.
void forget_files();

}  // namespace touchline::simulation
