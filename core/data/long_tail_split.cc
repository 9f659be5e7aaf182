#include "core/data/long_tail_split.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status_macros.h"
#include "core/data/keyed_order.h"
#include "core/tensor/torch_status.h"

namespace tailcast::data {
namespace {

// Images of a class, far above any data set: sums of two cannot overflow.
constexpr int64_t kMaxPerClass = int64_t{1} << 40;

absl::Status WrongOption(absl::string_view option, absl::string_view value,
                         absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("split option ", option, " is ", value, "; expected ", expected));
}

absl::Status CheckOptions(const LongTailOptions& options) {
  if (!std::isfinite(options.imbalance_factor) || options.imbalance_factor < 1) {
    return WrongOption("imbalance_factor", absl::StrCat(options.imbalance_factor),
                       "a number of 1 or more");
  }
  for (const auto& [option, value] :
       {std::pair{"validation_per_class", options.validation_per_class},
        {"max_per_class", options.max_per_class}}) {
    if (value >= 0 && value <= kMaxPerClass) continue;
    return WrongOption(option, absl::StrCat(value), absl::StrCat("0 to ", kMaxPerClass));
  }
  if (options.seed < 0) return WrongOption("seed", absl::StrCat(options.seed), "0 or more");
  return absl::OkStatus();
}

// The given order, or 0, 1, ... for an empty one.
absl::StatusOr<std::vector<int64_t>> ResolveOrder(const std::vector<int64_t>& class_order,
                                                  int64_t num_classes) {
  std::vector<int64_t> expected(static_cast<size_t>(num_classes));
  std::iota(expected.begin(), expected.end(), int64_t{0});
  if (class_order.empty()) return expected;
  std::vector<int64_t> sorted = class_order;
  std::sort(sorted.begin(), sorted.end());
  if (sorted == expected) return class_order;
  return WrongOption("class_order", absl::StrJoin(class_order, ","),
                     absl::StrCat("each class from 0 to ", num_classes - 1, " once"));
}

// Indices of each class, ascending. [K]
std::vector<std::vector<int64_t>> MembersByClass(const ImageDataset& dataset) {
  std::vector<std::vector<int64_t>> members(static_cast<size_t>(dataset.num_classes()));
  const at::Tensor labels = dataset.labels.contiguous();
  for (int64_t i = 0; i < labels.numel(); ++i) {
    members[static_cast<size_t>(labels.const_data_ptr<int64_t>()[i])].push_back(i);
  }
  return members;
}

// What the largest class may have: by option, or what validation leaves of the smallest class.
absl::StatusOr<int64_t> LargestCount(const std::vector<std::vector<int64_t>>& members,
                                     const ImageDataset& train, const LongTailOptions& options) {
  int64_t smallest_rest = std::numeric_limits<int64_t>::max();
  for (size_t c = 0; c < members.size(); ++c) {
    const auto size = static_cast<int64_t>(members[c].size());
    const int64_t rest = size - options.validation_per_class;
    if (rest < std::max<int64_t>(1, options.max_per_class)) {
      return absl::InvalidArgumentError(
          absl::StrCat("class ", c, " (", train.class_names[c], ") of data set '", train.name,
                       "' has ", size, " images; expected at least ",
                       options.validation_per_class + std::max<int64_t>(1, options.max_per_class),
                       ": ", options.validation_per_class, " for validation and ",
                       std::max<int64_t>(1, options.max_per_class), " for training"));
    }
    smallest_rest = std::min(smallest_rest, rest);
  }
  return options.max_per_class > 0 ? options.max_per_class : smallest_rest;
}

// Adds the class' images to both parts of `split`.
void TakeClass(std::vector<int64_t> members, int64_t class_index, LongTailSplit& split) {
  OrderByKey(split.seed, static_cast<uint32_t>(class_index), members);
  const auto validation_end = members.begin() + split.validation_per_class;
  const auto train_end = validation_end + split.class_counts[static_cast<size_t>(class_index)];
  split.validation.insert(split.validation.end(), members.begin(), validation_end);
  split.train.insert(split.train.end(), validation_end, train_end);
}

absl::StatusOr<LongTailSplit> MakeSplit(const ImageDataset& train, const LongTailOptions& options) {
  RETURN_IF_ERROR(CheckOptions(options));
  LongTailSplit split;
  split.dataset = train.name;
  split.class_names = train.class_names;
  split.imbalance_factor = options.imbalance_factor;
  split.validation_per_class = options.validation_per_class;
  split.seed = options.seed;
  split.data_digest = train.labels_digest();
  ASSIGN_OR_RETURN(split.class_order, ResolveOrder(options.class_order, train.num_classes()));
  const auto members = MembersByClass(train);
  ASSIGN_OR_RETURN(const int64_t max_count, LargestCount(members, train, options));

  const std::vector<int64_t> by_rank =
      LongTailCounts(max_count, options.imbalance_factor, train.num_classes());
  if (by_rank.back() < 1) {
    return WrongOption("imbalance_factor", absl::StrCat(options.imbalance_factor),
                       absl::StrCat("at most ", max_count, ", so that every class keeps an image"));
  }
  split.class_counts.resize(by_rank.size());
  for (size_t rank = 0; rank < by_rank.size(); ++rank) {
    split.class_counts[static_cast<size_t>(split.class_order[rank])] = by_rank[rank];
  }
  for (size_t c = 0; c < members.size(); ++c) {
    TakeClass(members[c], static_cast<int64_t>(c), split);
  }
  std::sort(split.train.begin(), split.train.end());
  std::sort(split.validation.begin(), split.validation.end());
  return split;
}

absl::Status CheckClassCounts(const LongTailSplit& split, const ImageDataset& train) {
  ImageDataset labels = train;
  labels.images = train.labels;  // to count needs no pixels
  ASSIGN_OR_RETURN(const ImageDataset train_part, SelectImages(labels, split.train));
  ASSIGN_OR_RETURN(const ImageDataset validation_part, SelectImages(labels, split.validation));
  const std::vector<int64_t> train_counts = train_part.class_counts();
  const std::vector<int64_t> validation_counts = validation_part.class_counts();
  for (size_t c = 0; c < train_counts.size(); ++c) {
    if (train_counts[c] != split.class_counts[c] ||
        validation_counts[c] != split.validation_per_class) {
      return absl::InvalidArgumentError(
          absl::StrCat("the indices of class ", c, " name ", train_counts[c], " training and ",
                       validation_counts[c], " validation images; expected ", split.class_counts[c],
                       " and ", split.validation_per_class, ", as the file says"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<int64_t> LongTailCounts(int64_t max_count, double imbalance_factor,
                                    int64_t num_classes) {
  std::vector<int64_t> counts;
  for (int64_t rank = 0; rank < num_classes; ++rank) {
    const double share =
        num_classes > 1 ? static_cast<double>(rank) / static_cast<double>(num_classes - 1) : 0;
    counts.push_back(
        static_cast<int64_t>(static_cast<double>(max_count) * std::pow(imbalance_factor, -share)));
  }
  return counts;
}

absl::StatusOr<LongTailSplit> MakeLongTailSplit(const ImageDataset& train,
                                                const LongTailOptions& options) {
  return CatchTorchErrors([&] { return MakeSplit(train, options); });
}

absl::Status CheckSplitFits(const LongTailSplit& split, const ImageDataset& train,
                            const std::string& what) {
  return CatchTorchErrors([&]() -> absl::Status {
    if (split.data_digest != train.labels_digest() || split.class_names != train.class_names) {
      return absl::InvalidArgumentError(absl::StrCat(
          "'", what, "' was made from data set '", split.dataset, "' with labels' digest ",
          ToHex(split.data_digest), "; expected '", train.name, "' with ",
          ToHex(train.labels_digest()), " and the same class names"));
    }
    if (absl::Status fit = CheckClassCounts(split, train); !fit.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("'", what, "': ", fit.message()));
    }
    return absl::OkStatus();
  });
}

}  // namespace tailcast::data
