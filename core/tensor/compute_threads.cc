#include "core/tensor/compute_threads.h"

#include <ATen/Parallel.h>

namespace tailcast {

void SetComputeThreads(int count) { at::set_num_threads(count); }

void UseOneComputeThread() { SetComputeThreads(1); }

int ComputeThreads() { return at::get_num_threads(); }

OneComputeThread::OneComputeThread() : old_count_(ComputeThreads()) {
  if (old_count_ != 1) UseOneComputeThread();
}

OneComputeThread::~OneComputeThread() {
  if (old_count_ != 1) SetComputeThreads(old_count_);
}

}  // namespace tailcast
