#ifndef TAILCAST_SERVER_RPC_CALL_REGISTRY_H_
#define TAILCAST_SERVER_RPC_CALL_REGISTRY_H_

#include <cstdint>
#include <map>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace tailcast::rpc {

// A call that can be told to end early.
class EndableCall {
 public:
  virtual ~EndableCall() = default;

  // Ends the call at the next message boundary. Any thread; ignored once the call is over.
  virtual void End(absl::Status status) = 0;
};

// Counts living calls, limits open streams and ends them when the server drains. Thread-safe; must
// outlive its tickets.
//
// Lock order: a call's lock before the registry's.
class CallRegistry {
 public:
  explicit CallRegistry(int64_t max_streams) : max_streams_(max_streams) {}

  // Stands for one living call; held by the call itself, so that it counts until the call's memory
  // is gone.
  class Ticket {
   public:
    Ticket(Ticket&& other) noexcept;
    Ticket& operator=(Ticket&& other) noexcept;
    ~Ticket();

    // From now on Drain() reaches `call`; at once if it drains already.
    void Endable(std::weak_ptr<EndableCall> call);

   private:
    friend class CallRegistry;
    Ticket(CallRegistry* registry, int64_t id) : registry_(registry), id_(id) {}

    CallRegistry* registry_;
    int64_t id_;
  };

  // UNAVAILABLE, DRAINING while the server drains; RESOURCE_EXHAUSTED if max_streams are open.
  absl::StatusOr<Ticket> AdmitStream() ABSL_LOCKS_EXCLUDED(mu_) { return Admit(/*stream=*/true); }
  absl::StatusOr<Ticket> AdmitUnary() ABSL_LOCKS_EXCLUDED(mu_) { return Admit(/*stream=*/false); }

  int64_t living() const ABSL_LOCKS_EXCLUDED(mu_);
  int64_t open_streams() const ABSL_LOCKS_EXCLUDED(mu_);

  // Refuses new calls and ends those that can be ended, with DRAINING.
  void Drain() ABSL_LOCKS_EXCLUDED(mu_);

  // False if calls still live at the deadline.
  bool AwaitIdle(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Entry {
    bool stream = false;
    std::weak_ptr<EndableCall> call;
  };

  absl::StatusOr<Ticket> Admit(bool stream) ABSL_LOCKS_EXCLUDED(mu_);
  bool SetCall(int64_t id, std::weak_ptr<EndableCall> call) ABSL_LOCKS_EXCLUDED(mu_);
  void Release(int64_t id) ABSL_LOCKS_EXCLUDED(mu_);
  bool IsIdle() const ABSL_SHARED_LOCKS_REQUIRED(mu_) { return calls_.empty(); }

  const int64_t max_streams_;
  mutable absl::Mutex mu_;
  int64_t next_id_ ABSL_GUARDED_BY(mu_) = 0;
  int64_t open_streams_ ABSL_GUARDED_BY(mu_) = 0;
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  std::map<int64_t, Entry> calls_ ABSL_GUARDED_BY(mu_);
};

}  // namespace tailcast::rpc

#endif  // TAILCAST_SERVER_RPC_CALL_REGISTRY_H_
