#ifndef TAILCAST_TESTS_CORE_BASE_UNPRIVILEGED_H_
#define TAILCAST_TESTS_CORE_BASE_UNPRIVILEGED_H_

#include <sys/fsuid.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>

namespace tailcast {

// While it lives, this thread and those that it starts may read files as anybody may, not as root:
// folders with the mode 0 are closed to them.
class Unprivileged {
 public:
  Unprivileged() {
    if (geteuid() == 0) setfsuid(kNobody);
  }
  ~Unprivileged() { setfsuid(geteuid()); }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;

 private:
  static constexpr uid_t kNobody = 65534;
};

// Folders that ScratchFolder made for their owner alone are open to all.
inline void OpenToAll(const std::string& folder) {
  std::filesystem::permissions(folder, static_cast<std::filesystem::perms>(0755));
}

// A folder that nobody may list while the object lives.
class ClosedFolder {
 public:
  explicit ClosedFolder(std::string path) : path_(std::move(path)) {
    std::filesystem::permissions(path_, std::filesystem::perms::none);
  }
  ~ClosedFolder() { OpenToAll(path_); }
  ClosedFolder(const ClosedFolder&) = delete;
  ClosedFolder& operator=(const ClosedFolder&) = delete;

 private:
  const std::string path_;
};

}  // namespace tailcast

#endif  // TAILCAST_TESTS_CORE_BASE_UNPRIVILEGED_H_
