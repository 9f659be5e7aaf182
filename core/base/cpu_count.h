#ifndef TAILCAST_CORE_BASE_CPU_COUNT_H_
#define TAILCAST_CORE_BASE_CPU_COUNT_H_

namespace tailcast {

// Processors that this process may use at once: the smaller of its affinity mask and the quota of
// its control group (v2 or v1), rounded up; at least 1.
int AvailableCpuCount();

}  // namespace tailcast

#endif  // TAILCAST_CORE_BASE_CPU_COUNT_H_
