#include "core/tensor/compute_threads.h"

#include <ATen/Parallel.h>

namespace tailcast {

void SetComputeThreads(int count) { at::set_num_threads(count); }

void UseOneComputeThread() { SetComputeThreads(1); }

int ComputeThreads() { return at::get_num_threads(); }

}  // namespace tailcast
