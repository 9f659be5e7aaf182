#include "core/base/cpu_count.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "core/base/files.h"

namespace tailcast {
namespace {

constexpr int64_t kMaxControlFileBytes = 1 << 20;
constexpr int kMaxPossibleCpus = 1 << 20;

int AffinityCpuCount() {
  // The kernel refuses a mask smaller than its own; 1024 bits are enough nearly everywhere.
  for (int cpus = 1024; cpus <= kMaxPossibleCpus; cpus *= 2) {
    cpu_set_t* mask = CPU_ALLOC(cpus);
    const size_t size = CPU_ALLOC_SIZE(cpus);
    CPU_ZERO_S(size, mask);
    const bool ok = sched_getaffinity(0, size, mask) == 0;
    const bool too_small = !ok && errno == EINVAL;
    const int count = ok ? CPU_COUNT_S(size, mask) : 1;
    CPU_FREE(mask);
    if (!too_small) return count;
  }
  return 1;
}

// quota and period in microseconds; 0 if there is no limit.
int Limit(absl::string_view quota_text, absl::string_view period_text) {
  int64_t quota = 0, period = 0;
  if (!absl::SimpleAtoi(quota_text, &quota) || !absl::SimpleAtoi(period_text, &period)) return 0;
  if (quota <= 0 || period <= 0) return 0;
  const int64_t cpus = quota / period + (quota % period != 0);
  return static_cast<int>(std::min<int64_t>(cpus, kMaxPossibleCpus));
}

int LimitOfFolder(const std::string& folder, bool version2) {
  if (version2) {
    const auto text = ReadFile(absl::StrCat(folder, "/cpu.max"), kMaxControlFileBytes);
    if (!text.ok()) return 0;
    const std::vector<absl::string_view> words =
        absl::StrSplit(*text, absl::ByAnyChar(" \n"), absl::SkipEmpty());
    return words.size() == 2 ? Limit(words[0], words[1]) : 0;
  }
  const auto quota = ReadFile(absl::StrCat(folder, "/cpu.cfs_quota_us"), kMaxControlFileBytes);
  const auto period = ReadFile(absl::StrCat(folder, "/cpu.cfs_period_us"), kMaxControlFileBytes);
  return quota.ok() && period.ok() ? Limit(*quota, *period) : 0;
}

int Smaller(int limit, int other) {
  if (limit == 0 || other == 0) return std::max(limit, other);
  return std::min(limit, other);
}

// The smallest limit of the group and its parents up to the mount.
int LimitOfGroup(const std::string& mount, absl::string_view group, bool version2) {
  int limit = 0;
  while (true) {
    limit = Smaller(limit, LimitOfFolder(absl::StrCat(mount, group), version2));
    const size_t slash = group.rfind('/');
    if (slash == absl::string_view::npos) return limit;
    group = group.substr(0, slash);
  }
}

}  // namespace

int ControlGroupCpuLimit(const std::string& root) {
  const auto groups = ReadFile(absl::StrCat(root, "/proc/self/cgroup"), kMaxControlFileBytes);
  if (!groups.ok()) return 0;
  int limit = 0;
  for (const absl::string_view line : absl::StrSplit(*groups, '\n')) {
    // hierarchy:controllers:group; version 2 has hierarchy 0 and no controllers.
    const std::vector<absl::string_view> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    const std::string mount = absl::StrCat(root, "/sys/fs/cgroup");
    if (parts[0] == "0" && parts[1].empty()) {
      limit = Smaller(limit, LimitOfGroup(mount, parts[2], /*version2=*/true));
    }
    for (const absl::string_view controller : absl::StrSplit(parts[1], ',')) {
      if (controller != "cpu") continue;
      limit = Smaller(limit, LimitOfGroup(absl::StrCat(mount, "/cpu"), parts[2], false));
    }
  }
  return limit;
}

int AvailableCpuCount() {
  return std::max(1, Smaller(AffinityCpuCount(), ControlGroupCpuLimit(/*root=*/"")));
}

}  // namespace tailcast
