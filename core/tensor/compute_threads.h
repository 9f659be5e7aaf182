#ifndef TAILCAST_CORE_TENSOR_COMPUTE_THREADS_H_
#define TAILCAST_CORE_TENSOR_COMPUTE_THREADS_H_

namespace tailcast {

// Threads that one LibTorch operation may use. Results depend on it in their last bits. Holds for
// the calling thread and for those that start later: call it first thing in main(). REQUIRES: count
// >= 1.
void SetComputeThreads(int count);

// One thread per operation: what serving needs (DESIGN.md 5), parallel over tiles instead.
void UseOneComputeThread();

int ComputeThreads();

// One compute thread for the calling thread while it lives, then as many as before: with more, the
// last bits of a result depend on how the work was split. One may live in each of several threads.
class OneComputeThread {
 public:
  OneComputeThread();
  ~OneComputeThread();
  OneComputeThread(const OneComputeThread&) = delete;
  OneComputeThread& operator=(const OneComputeThread&) = delete;

 private:
  const int old_count_;
};

}  // namespace tailcast

#endif  // TAILCAST_CORE_TENSOR_COMPUTE_THREADS_H_
