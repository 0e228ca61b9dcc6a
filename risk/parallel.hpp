// Work on independent rows, on several threads: the same results for any number of them.
#pragma once

#include <cstddef>
#include <functional>

namespace margind::risk {

/// Calls work(i) once for each i below `count`, on the calling thread and up to `threads` - 1 others, in any order; returns
/// when all are done. The calls may touch nothing that another one writes. What one throws is thrown again here.
void for_each_row(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& work);

}  // namespace margind::risk
