// The same work for many elements on a few threads, which live as long as the call.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/result.h"

namespace ggen::cache {

// Calls work(i) -> Result<void> for each i below `count`; after a failure no new ones are begun,
// and the first one is returned. Few elements (below `least` for each thread) stay on this thread.
template <class Work>
Result<void> for_each_parallel(std::size_t count, unsigned threads, std::size_t least,
                               const Work& work) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  std::optional<Error> error;
  const auto loop = [&] {
    for (;;) {
      const std::size_t i = next.fetch_add(1, std::memory_order_relaxed);
      if (i >= count || failed.load(std::memory_order_relaxed)) return;
      Result<void> result = work(i);
      if (result) continue;
      failed.store(true, std::memory_order_relaxed);
      const std::lock_guard lock(mutex);
      if (!error) error = std::move(result).error();
    }
  };
  {
    const std::size_t useful =
        std::min<std::size_t>(threads, count / std::max<std::size_t>(least, 1));
    std::vector<std::jthread> helpers;
    for (std::size_t i = 1; i < useful; ++i) helpers.emplace_back(loop);
    loop();
  }
  if (error) return std::move(*error);
  return {};
}

}  // namespace ggen::cache
