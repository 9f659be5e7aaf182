#include "core/training/file_metadata.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "core/base/json.h"
#include "core/base/quoted.h"
#include "core/base/status_macros.h"
#include "core/data/class_names.h"

namespace tailcast::training {
namespace {

constexpr char kFormat[] = "format";
constexpr char kClassNames[] = "class_names";
constexpr char kClassCounts[] = "class_counts";

}  // namespace

absl::Status FileFault(const std::string& path, absl::string_view fault,
                       absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("'", path, "': ", fault, "; expected ", expected));
}

absl::Status CheckFormat(const SafetensorsFile& file, const FileFormat& format) {
  const auto found = file.metadata().find(kFormat);
  if (found != file.metadata().end() && found->second == format.name) return absl::OkStatus();
  const std::string fault = found == file.metadata().end()
                                ? std::string("metadata has no format")
                                : absl::StrCat("metadata format is ", Quoted(found->second));
  return FileFault(file.what(), fault,
                   absl::StrCat("'", format.name, "', a file of '", format.writer, "'"));
}

absl::StatusOr<nlohmann::json> JsonMetadata(const SafetensorsFile& file, const std::string& key) {
  ASSIGN_OR_RETURN(const std::string text, file.GetMetadata(key));
  return ParseJson(text, absl::StrCat("'", file.what(), "', metadata ", key));
}

absl::StatusOr<Metadata> MetadataOf(const FileFormat& format, const ClassLists& classes) {
  Metadata metadata = {{kFormat, format.name}};
  ASSIGN_OR_RETURN(metadata[kClassNames], CanonicalJson(classes.names));
  ASSIGN_OR_RETURN(metadata[kClassCounts], CanonicalJson(classes.counts));
  return metadata;
}

absl::StatusOr<ClassLists> ReadClassLists(const SafetensorsFile& file, int64_t num_classes) {
  nlohmann::json classes;
  ASSIGN_OR_RETURN(classes[kClassNames], JsonMetadata(file, kClassNames));
  ASSIGN_OR_RETURN(classes[kClassCounts], JsonMetadata(file, kClassCounts));
  JsonReader reader(classes, absl::StrCat("'", file.what(), "', metadata"));
  ClassLists lists;
  lists.names = reader.StringList(kClassNames);
  lists.counts = reader.Int64List(kClassCounts, 0, std::numeric_limits<int64_t>::max());
  RETURN_IF_ERROR(reader.Finish());
  RETURN_IF_ERROR(
      data::CheckClassNameBytes(lists.names, absl::StrCat("'", file.what(), "', metadata")));
  const auto expected = static_cast<size_t>(num_classes);
  if (lists.names.size() == expected && lists.counts.size() == expected) return lists;
  return FileFault(
      file.what(),
      absl::StrCat(lists.names.size(), " class names and ", lists.counts.size(), " class counts"),
      absl::StrCat(num_classes, " of each, as the model has classes"));
}

}  // namespace tailcast::training
