#include "client/cli/stop_watcher.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace tailcast::cli {
namespace {

constexpr std::chrono::milliseconds kInterval(50);

}  // namespace

StopWatcher::StopWatcher(std::function<bool()> stop_requested)
    : thread_([source = source_,
               stop_requested = std::move(stop_requested)](std::stop_token ended) mutable {
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock(mutex);
        while (!ended.stop_requested()) {
          if (stop_requested()) {
            source.request_stop();
            return;
          }
          wake.wait_for(lock, ended, kInterval, [] { return false; });
        }
      }) {}

}  // namespace tailcast::cli
