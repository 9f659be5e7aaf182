#include "server/bundles/files_stamp.h"

#include <sys/stat.h>

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/files.h"

namespace tailcast::bundles {

std::string FilesStamp(const std::string& folder) {
  std::string stamp;
  const absl::StatusOr<std::vector<std::string>> names = ListDirectory(folder);
  if (!names.ok()) return stamp;
  for (const std::string& name : *names) {
    struct stat facts = {};
    const bool found = stat(absl::StrCat(folder, "/", name).c_str(), &facts) == 0;
    // The change time of the inode: no program can set it back.
    absl::StrAppend(&stamp, name, " ", found, " ", facts.st_ino, " ", facts.st_size, " ",
                    facts.st_ctim.tv_sec, ".", facts.st_ctim.tv_nsec, "\n");
  }
  return stamp;
}

}  // namespace tailcast::bundles
