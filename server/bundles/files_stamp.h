#ifndef TAILCAST_SERVER_BUNDLES_FILES_STAMP_H_
#define TAILCAST_SERVER_BUNDLES_FILES_STAMP_H_

#include <string>

namespace tailcast::bundles {

// Text that differs whenever a file of the folder was written, replaced, added, removed or made
// readable meanwhile; without reading them. Empty if the folder cannot be listed.
std::string FilesStamp(const std::string& folder);

}  // namespace tailcast::bundles

#endif  // TAILCAST_SERVER_BUNDLES_FILES_STAMP_H_
