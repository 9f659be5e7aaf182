// Tells ThreadSanitizer what absl's locks order. Debian's Abseil is not instrumented, so without
// this every access under an absl::Mutex looks like a race. The linker sends our calls here
// (--wrap, see TailcastCompilerOptions.cmake); each becomes a call of the real function beside an
// acquire of what other threads released on the same object, or a release. A function that is used
// for the first time belongs here too.
#include <sanitizer/tsan_interface.h>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

using absl::Condition;
using absl::CondVar;
using absl::Duration;
using absl::Mutex;
using absl::Notification;
using absl::Time;

namespace {

// A condition may be evaluated on any thread, by absl, behind a lock that it took itself.
class OrderedCondition {
 public:
  OrderedCondition(Mutex* mutex, const Condition& condition)
      : mutex_(mutex), condition_(condition), ordered_(this, &OrderedCondition::Eval) {}

  const Condition& get() const { return ordered_; }

 private:
  bool Eval() const {
    __tsan_acquire(mutex_);
    const bool holds = condition_.Eval();
    __tsan_release(mutex_);
    return holds;
  }

  Mutex* const mutex_;
  const Condition& condition_;
  const Condition ordered_;
};

// While a function waits, it gives the lock away and takes it again.
class Waiting {
 public:
  explicit Waiting(Mutex* mutex) : mutex_(mutex) { __tsan_release(mutex_); }
  ~Waiting() { __tsan_acquire(mutex_); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  Mutex* const mutex_;
};

}  // namespace

// clang-format off
#define REAL(name) __real_##name
#define WRAP(name) __wrap_##name
// clang-format on

extern "C" {

void REAL(_ZN4absl7debian35Mutex4LockEv)(Mutex* mutex);
void WRAP(_ZN4absl7debian35Mutex4LockEv)(Mutex* mutex) {
  REAL(_ZN4absl7debian35Mutex4LockEv)(mutex);
  __tsan_acquire(mutex);
}

void REAL(_ZN4absl7debian35Mutex6UnlockEv)(Mutex* mutex);
void WRAP(_ZN4absl7debian35Mutex6UnlockEv)(Mutex* mutex) {
  __tsan_release(mutex);
  REAL(_ZN4absl7debian35Mutex6UnlockEv)(mutex);
}

void REAL(_ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE)(Mutex* mutex, const Condition& condition);
void WRAP(_ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE)(Mutex* mutex,
                                                          const Condition& condition) {
  const OrderedCondition ordered(mutex, condition);
  const Waiting waiting(mutex);
  REAL(_ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE)(mutex, ordered.get());
}

bool REAL(_ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE)(
    Mutex* mutex, const Condition& condition, Duration timeout);
bool WRAP(_ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE)(
    Mutex* mutex, const Condition& condition, Duration timeout) {
  const OrderedCondition ordered(mutex, condition);
  const Waiting waiting(mutex);
  return REAL(_ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE)(
      mutex, ordered.get(), timeout);
}

bool REAL(_ZN4absl7debian35Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE)(
    Mutex* mutex, const Condition& condition, Time deadline);
bool WRAP(_ZN4absl7debian35Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE)(
    Mutex* mutex, const Condition& condition, Time deadline) {
  const OrderedCondition ordered(mutex, condition);
  const Waiting waiting(mutex);
  return REAL(_ZN4absl7debian35Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE)(
      mutex, ordered.get(), deadline);
}

void REAL(_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE)(CondVar* condition, Mutex* mutex);
void WRAP(_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE)(CondVar* condition, Mutex* mutex) {
  const Waiting waiting(mutex);
  REAL(_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE)(condition, mutex);
}

void REAL(_ZN4absl7debian312Notification6NotifyEv)(Notification* notification);
void WRAP(_ZN4absl7debian312Notification6NotifyEv)(Notification* notification) {
  __tsan_release(notification);
  REAL(_ZN4absl7debian312Notification6NotifyEv)(notification);
}

void REAL(_ZNK4absl7debian312Notification19WaitForNotificationEv)(const Notification* notification);
void WRAP(_ZNK4absl7debian312Notification19WaitForNotificationEv)(
    const Notification* notification) {
  REAL(_ZNK4absl7debian312Notification19WaitForNotificationEv)(notification);
  __tsan_acquire(const_cast<Notification*>(notification));
}

bool REAL(_ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE)(
    const Notification* notification, Duration timeout);
bool WRAP(_ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE)(
    const Notification* notification, Duration timeout) {
  const bool notified =
      REAL(_ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE)(
          notification, timeout);
  if (notified) __tsan_acquire(const_cast<Notification*>(notification));
  return notified;
}

}  // extern "C"
