#include "client/cli/stop_signal.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace tailcast::cli {
namespace {

// How a child ends that runs `body`, which returns its exit code.
template <typename Body>
int StatusOfChild(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

TEST(StopSignalTest, FirstInterruptOnlyAsksToStop) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const int status = StatusOfChild([signal] {
      InstallStopSignals();
      if (StopRequested()) return 1;
      raise(signal);
      return StopRequested() ? 42 : 2;
    });
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 42);
  }
}

TEST(StopSignalTest, SecondInterruptKills) {
  const int status = StatusOfChild([] {
    InstallStopSignals();
    raise(SIGINT);
    raise(SIGINT);
    return 0;
  });
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGINT);
}

TEST(StopSignalTest, WritesBeyondAFileSizeLimitFailInsteadOfKilling) {
  const int status = StatusOfChild([] {
    InstallStopSignals();
    const rlimit limit = {.rlim_cur = 4, .rlim_max = 4};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
    FILE* file = tmpfile();
    if (file == nullptr) return 2;
    const bool written = fwrite("12345678", 8, 1, file) == 1 && fflush(file) == 0;
    return written ? 3 : 42;
  });
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 42);
}

}  // namespace
}  // namespace tailcast::cli
