// Any bytes as classes.txt.
#include <sys/mman.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "core/data/dataset_formats.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast {

std::vector<std::string> FuzzSeeds() {
  return {"cat\r\ndog\nlong name\n\n", "T-shirt/top\nTrouser", "cat\n\ndog\n", "\n\n", "\r\n"};
}

namespace {

// A file in memory that has a path.
class MemoryFile {
 public:
  explicit MemoryFile(absl::string_view bytes) : descriptor_(memfd_create("classes.txt", 0)) {
    FuzzCheck(descriptor_ >= 0 && write(descriptor_, bytes.data(), bytes.size()) ==
                                      static_cast<ssize_t>(bytes.size()),
              "a file in memory can be written");
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return absl::StrCat("/proc/self/fd/", descriptor_); }

 private:
  const int descriptor_;
};

void TestOne(absl::string_view bytes) {
  const auto names = data::ReadNames(MemoryFile(bytes).path());
  if (!names.ok()) {
    FuzzCheck(names.status().code() == absl::StatusCode::kInvalidArgument,
              "faults are the input's");
    return;
  }
  for (const std::string& name : *names) {
    FuzzCheck(!name.empty() && name.find('\n') == std::string::npos, "a name is one line");
  }
  // Lines of the other kind, so that a name that ends in "\r" keeps it.
  const auto again = data::ReadNames(MemoryFile(absl::StrJoin(*names, "\r\n") + "\r\n").path());
  FuzzCheck(again.ok() && *again == *names, "names that were read can be written");
}

}  // namespace
}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailcast::TestOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
