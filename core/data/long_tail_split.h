#ifndef TAILCAST_CORE_DATA_LONG_TAIL_SPLIT_H_
#define TAILCAST_CORE_DATA_LONG_TAIL_SPLIT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/digest.h"
#include "core/data/image_dataset.h"
#include "nlohmann/json.hpp"

namespace tailcast::data {

struct LongTailOptions {
  // Count of the first class of `class_order` over that of the last; >= 1 (1 keeps the balance).
  double imbalance_factor = 100;
  // Images of each class that are held out before anything else; 0 for none.
  int64_t validation_per_class = 100;
  // Every class once, the most frequent first; empty for 0, 1, ...
  std::vector<int64_t> class_order{};
  // Images of the first class; 0 for what validation leaves of the smallest class.
  int64_t max_per_class = 0;
  // Which images; [0, 2^63).
  int64_t seed = 0;
};

// A long-tailed training set and a balanced validation set, as indices into a data set's training
// images.
struct LongTailSplit {
  std::string dataset{};
  std::vector<std::string> class_names{};
  std::vector<int64_t> class_order{};
  double imbalance_factor = 1;
  int64_t validation_per_class = 0;
  int64_t seed = 0;
  std::vector<int64_t> class_counts{};  // of `train`, by class index
  std::vector<int64_t> train{};         // ascending
  std::vector<int64_t> validation{};    // ascending; shares no index with `train`
  Digest data_digest{};                 // ImageDataset::labels_digest() of the training images
  bool operator==(const LongTailSplit&) const = default;
};

// By rank: int(max_count * imbalance_factor^(-rank / (num_classes - 1))), the rule of LDAM and
// LDMLR.
std::vector<int64_t> LongTailCounts(int64_t max_count, double imbalance_factor,
                                    int64_t num_classes);

// Chooses images by a keyed permutation of each class (Philox): its first members are the
// validation part, the next ones the training part. So the validation part is the same for every
// imbalance factor, and a smaller training set is a part of a larger one.
//
// train: the training part of a data set. INVALID_ARGUMENT names the option, its value and what was
// expected; a class with too few images is named with its count.
absl::StatusOr<LongTailSplit> MakeLongTailSplit(const ImageDataset& train,
                                                const LongTailOptions& options);

nlohmann::json ToJson(const LongTailSplit& split);
// INVALID_ARGUMENT names `what`, the member and what was expected: unknown members, indices that
// are negative, repeated, out of order or in both parts, counts that do not sum up.
absl::StatusOr<LongTailSplit> LongTailSplitFromJson(const nlohmann::json& json,
                                                    const std::string& what);

// Format "tailcast.split.v1". Errors as ReadFile(), WriteFileAtomically() and the two above.
absl::Status WriteSplitFile(const std::string& path, const LongTailSplit& split);
absl::StatusOr<LongTailSplit> ReadSplitFile(const std::string& path);

// INVALID_ARGUMENT, naming `what`, unless the split was made from these training images: digest of
// the labels, indices in range, counts by class.
absl::Status CheckSplitFits(const LongTailSplit& split, const ImageDataset& train,
                            const std::string& what);

}  // namespace tailcast::data

#endif  // TAILCAST_CORE_DATA_LONG_TAIL_SPLIT_H_
