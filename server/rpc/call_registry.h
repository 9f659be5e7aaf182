#ifndef TAILCAST_SERVER_RPC_CALL_REGISTRY_H_
#define TAILCAST_SERVER_RPC_CALL_REGISTRY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

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

  // Lets go of the call if its client has not taken what was sent for longer than `limit`.
  virtual void EndIfStalled(absl::Time now, absl::Duration limit) = 0;
};

struct CallLimits {
  // Streams open at once. Each may hold some chunks and 4 to 8 MiB in gRPC and the kernel.
  int64_t max_streams = 256;
  // The same of one caller (rpc::CallerOf).
  int64_t max_streams_per_caller = 64;
  // How long a client may leave a message unread.
  absl::Duration idle_timeout = absl::Minutes(10);
};

// Counts living calls, limits open streams, ends those that nobody reads, and all when the server
// drains. Thread-safe; must outlive its tickets.
//
// Lock order: a call's lock before the registry's.
class CallRegistry {
 public:
  explicit CallRegistry(const CallLimits& limits);
  ~CallRegistry();

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

  // UNAVAILABLE, DRAINING while the server drains; RESOURCE_EXHAUSTED, LIMIT_EXCEEDED if as many
  // streams are open, of all or of this caller, as may be.
  absl::StatusOr<Ticket> AdmitStream(const std::string& caller) ABSL_LOCKS_EXCLUDED(mu_);
  // UNAVAILABLE as above.
  absl::StatusOr<Ticket> AdmitUnary() ABSL_LOCKS_EXCLUDED(mu_);

  int64_t living() const ABSL_LOCKS_EXCLUDED(mu_);
  int64_t open_streams() const ABSL_LOCKS_EXCLUDED(mu_);

  // Refuses new calls and ends those that can be ended, with DRAINING.
  void Drain() ABSL_LOCKS_EXCLUDED(mu_);

  // False if calls still live at the deadline.
  bool AwaitIdle(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  // Streams open of each caller; none has zero.
  using StreamCounts = std::map<std::string, int64_t>;
  struct Entry {
    // Of the caller if it is a stream, else streams_.end().
    StreamCounts::iterator stream;
    std::weak_ptr<EndableCall> call;
  };

  Ticket Add(StreamCounts::iterator stream) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::vector<std::weak_ptr<EndableCall>> Calls() const ABSL_SHARED_LOCKS_REQUIRED(mu_);
  // Looks for stalled calls until told to stop.
  void Watch() ABSL_LOCKS_EXCLUDED(mu_);
  bool SetCall(int64_t id, std::weak_ptr<EndableCall> call) ABSL_LOCKS_EXCLUDED(mu_);
  void Release(int64_t id) ABSL_LOCKS_EXCLUDED(mu_);
  bool IsIdle() const ABSL_SHARED_LOCKS_REQUIRED(mu_) { return calls_.empty(); }

  const CallLimits limits_;
  mutable absl::Mutex mu_;
  int64_t next_id_ ABSL_GUARDED_BY(mu_) = 0;
  int64_t open_streams_ ABSL_GUARDED_BY(mu_) = 0;
  StreamCounts streams_ ABSL_GUARDED_BY(mu_);
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  bool stop_watching_ ABSL_GUARDED_BY(mu_) = false;
  std::map<int64_t, Entry> calls_ ABSL_GUARDED_BY(mu_);
  std::thread watcher_;
};

}  // namespace tailcast::rpc

#endif  // TAILCAST_SERVER_RPC_CALL_REGISTRY_H_
