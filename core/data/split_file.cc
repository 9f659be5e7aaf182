#include <algorithm>
#include <limits>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/quoted.h"
#include "core/base/status_macros.h"
#include "core/contract/plan.h"
#include "core/data/long_tail_split.h"

namespace tailcast::data {
namespace {

constexpr const char* kFormat = "tailcast.split.v1";
constexpr int64_t kMaxIndex = std::numeric_limits<int64_t>::max();
// Room for some eight million indices; JSON in memory is many times as large.
constexpr int64_t kMaxFileBytes = int64_t{64} << 20;

absl::Status Fault(const std::string& what, absl::string_view fault, absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("split '", what, "': ", fault, "; expected ", expected));
}

absl::Status CheckAscending(const std::vector<int64_t>& indices, const std::string& what,
                            absl::string_view member) {
  for (size_t i = 1; i < indices.size(); ++i) {
    if (indices[i] <= indices[i - 1]) {
      return Fault(what,
                   absl::StrCat(member, "[", i, "] is ", indices[i], " after ", indices[i - 1]),
                   "ascending indices without repetition");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckDisjoint(const LongTailSplit& split, const std::string& what) {
  std::vector<int64_t> common;
  std::set_intersection(split.train.begin(), split.train.end(), split.validation.begin(),
                        split.validation.end(), std::back_inserter(common));
  if (common.empty()) return absl::OkStatus();
  return Fault(what, absl::StrCat("image ", common.front(), " is in train and in validation"),
               "each image in one part");
}

absl::Status CheckOrder(const LongTailSplit& split, const std::string& what) {
  std::vector<int64_t> sorted = split.class_order;
  std::sort(sorted.begin(), sorted.end());
  std::vector<int64_t> expected(split.class_names.size());
  std::iota(expected.begin(), expected.end(), int64_t{0});
  if (sorted == expected) return absl::OkStatus();
  return Fault(what, absl::StrCat("class_order has ", sorted.size(), " entries"),
               absl::StrCat("each of the ", expected.size(), " classes once"));
}

// Sums cannot overflow: no part has more indices than memory.
absl::Status CheckCounts(const LongTailSplit& split, const std::string& what) {
  if (split.class_counts.size() != split.class_names.size()) {
    return Fault(what, absl::StrCat("class_counts has ", split.class_counts.size(), " entries"),
                 absl::StrCat(split.class_names.size(), ", one for each class"));
  }
  const auto train_size = static_cast<int64_t>(split.train.size());
  int64_t left = train_size;
  for (const int64_t count : split.class_counts) left -= std::min(count, train_size + 1);
  if (left != 0) {
    return Fault(what, absl::StrCat("train has ", train_size, " indices"),
                 "as many as class_counts sum up to");
  }
  const auto num_classes = static_cast<int64_t>(split.class_names.size());
  const auto validation_size = static_cast<int64_t>(split.validation.size());
  if (validation_size % num_classes != 0 ||
      validation_size / num_classes != split.validation_per_class) {
    return Fault(
        what, absl::StrCat("validation has ", validation_size, " indices"),
        absl::StrCat(split.validation_per_class, " for each of ", num_classes, " classes"));
  }
  return absl::OkStatus();
}

absl::Status CheckSplit(const LongTailSplit& split, const std::string& what) {
  if (split.class_names.empty() || split.class_names.size() > kMaxPlanClasses) {
    return Fault(what, absl::StrCat("class_names has ", split.class_names.size(), " entries"),
                 absl::StrCat("1 to ", kMaxPlanClasses));
  }
  RETURN_IF_ERROR(CheckOrder(split, what));
  RETURN_IF_ERROR(CheckAscending(split.train, what, "train"));
  RETURN_IF_ERROR(CheckAscending(split.validation, what, "validation"));
  RETURN_IF_ERROR(CheckCounts(split, what));
  return CheckDisjoint(split, what);
}

}  // namespace

nlohmann::json ToJson(const LongTailSplit& split) {
  return {{"format", kFormat},
          {"dataset", split.dataset},
          {"class_names", split.class_names},
          {"class_order", split.class_order},
          {"imbalance_factor", split.imbalance_factor},
          {"validation_per_class", split.validation_per_class},
          {"seed", split.seed},
          {"class_counts", split.class_counts},
          {"train", split.train},
          {"validation", split.validation},
          {"data_digest", ToHex(split.data_digest)}};
}

absl::StatusOr<LongTailSplit> LongTailSplitFromJson(const nlohmann::json& json,
                                                    const std::string& what) {
  JsonReader reader(json, absl::StrCat("split '", what, "'"));
  const std::string format = reader.String("format");
  LongTailSplit split;
  split.dataset = reader.String("dataset");
  split.class_names = reader.StringList("class_names");
  split.class_order = reader.Int64List("class_order", 0, kMaxPlanClasses - 1);
  split.imbalance_factor = reader.Double("imbalance_factor", 1, std::numeric_limits<double>::max());
  split.validation_per_class = reader.Int64("validation_per_class", 0, kMaxIndex);
  split.seed = reader.Int64("seed", 0, kMaxIndex);
  split.class_counts = reader.Int64List("class_counts", 0, kMaxIndex);
  split.train = reader.Int64List("train", 0, kMaxIndex);
  split.validation = reader.Int64List("validation", 0, kMaxIndex);
  const std::string digest = reader.String("data_digest");
  RETURN_IF_ERROR(reader.Finish());
  if (format != kFormat) return Fault(what, absl::StrCat("format is ", Quoted(format)), kFormat);
  const auto data_digest = DigestFromHex(digest);
  if (!data_digest.ok()) {
    return Fault(what, absl::StrCat("data_digest is ", Quoted(digest)), "64 hexadecimal digits");
  }
  split.data_digest = *data_digest;
  RETURN_IF_ERROR(CheckSplit(split, what));
  return split;
}

absl::Status WriteSplitFile(const std::string& path, const LongTailSplit& split) {
  ASSIGN_OR_RETURN(const std::string text, CanonicalJson(ToJson(split)));
  if (static_cast<int64_t>(text.size()) > kMaxFileBytes) {
    return Fault(path, absl::StrCat(text.size(), " bytes long"),
                 absl::StrCat("at most ", kMaxFileBytes));
  }
  return WriteFileAtomically(path, text);
}

absl::StatusOr<LongTailSplit> ReadSplitFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxFileBytes));
  ASSIGN_OR_RETURN(const nlohmann::json json, ParseJson(text, path));
  return LongTailSplitFromJson(json, path);
}

}  // namespace tailcast::data
