#include "core/base/cpu_count.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <filesystem>
#include <string>

#include "core/base/files.h"
#include "tests/core/base/scratch_folder.h"

namespace tailcast {
namespace {

// A machine's files under a folder of its own.
class CpuCountTest : public testing::Test {
 protected:
  void Write(const std::string& path, const std::string& contents) {
    const std::string file = root_.File(path);
    ASSERT_TRUE(CreateDirectories(std::filesystem::path(file).parent_path().string()).ok());
    ASSERT_TRUE(WriteFileAtomically(file, contents).ok());
  }
  int Limit() const { return ControlGroupCpuLimit(root_.path()); }

  ScratchFolder root_;
};

TEST_F(CpuCountTest, AMachineWithoutControlGroupsHasNoLimit) { EXPECT_EQ(Limit(), 0); }

TEST_F(CpuCountTest, Version2QuotaIsRoundedUp) {
  Write("proc/self/cgroup", "0::/\n");
  Write("sys/fs/cgroup/cpu.max", "150000 100000\n");
  EXPECT_EQ(Limit(), 2);
  Write("sys/fs/cgroup/cpu.max", "200000 100000\n");
  EXPECT_EQ(Limit(), 2);
  Write("sys/fs/cgroup/cpu.max", "1000 100000\n");
  EXPECT_EQ(Limit(), 1);
}

TEST_F(CpuCountTest, Version2WithoutQuotaHasNoLimit) {
  Write("proc/self/cgroup", "0::/\n");
  Write("sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_EQ(Limit(), 0);
}

TEST_F(CpuCountTest, SmallestQuotaOfTheParentsCounts) {
  Write("proc/self/cgroup", "0::/a/b\n");
  Write("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  Write("sys/fs/cgroup/a/cpu.max", "300000 100000\n");
  EXPECT_EQ(Limit(), 3);
  Write("sys/fs/cgroup/a/b/cpu.max", "800000 100000\n");
  EXPECT_EQ(Limit(), 3);
  Write("sys/fs/cgroup/cpu.max", "100000 100000\n");
  EXPECT_EQ(Limit(), 1);
}

TEST_F(CpuCountTest, Version1QuotaCounts) {
  Write("proc/self/cgroup", "7:memory:/x\n4:cpu,cpuacct:/box\n1:name=systemd:/\n");
  Write("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "250000\n");
  Write("sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(Limit(), 3);
  Write("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(Limit(), 0);
}

TEST_F(CpuCountTest, DamagedFilesAreNoLimit) {
  for (const char* text : {"", "x", "1", "a b", "100000 0", "-5 100000", "1 2 3"}) {
    Write("proc/self/cgroup", "0::/\nnonsense\n::\n");
    Write("sys/fs/cgroup/cpu.max", text);
    EXPECT_EQ(Limit(), 0) << text;
  }
}

TEST(AvailableCpuCountTest, IsTheAffinityMaskAtMost) {
  cpu_set_t old_mask, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof(old_mask), &old_mask), 0);
  EXPECT_GE(AvailableCpuCount(), 1);
  EXPECT_LE(AvailableCpuCount(), CPU_COUNT(&old_mask));
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
    if (CPU_ISSET(cpu, &old_mask)) CPU_SET(cpu, &one);
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  EXPECT_EQ(AvailableCpuCount(), 1);
  sched_setaffinity(0, sizeof(old_mask), &old_mask);
}

}  // namespace
}  // namespace tailcast
