#ifndef TAILCAST_CORE_BASE_CPU_COUNT_H_
#define TAILCAST_CORE_BASE_CPU_COUNT_H_

#include <string>

namespace tailcast {

// Processors that this process may use at once: the smaller of its affinity mask and the quota of
// its control group (v2 or v1), rounded up; at least 1.
int AvailableCpuCount();

// The quota alone: the smallest of this process's control group and its parents, rounded up, as
// told by the files /proc/self/cgroup and /sys/fs/cgroup under `root` (empty for this machine). 0:
// no limit.
int ControlGroupCpuLimit(const std::string& root);

}  // namespace tailcast

#endif  // TAILCAST_CORE_BASE_CPU_COUNT_H_
