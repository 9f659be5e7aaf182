#ifndef TAILCAST_CORE_DATA_CLASS_GROUPS_H_
#define TAILCAST_CORE_DATA_CLASS_GROUPS_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"

namespace tailcast::data {

// Classes by frequency, as reports group them.
enum class ClassGroup { kMany, kMedium, kFew };

// "many", "medium" or "few".
absl::string_view ClassGroupName(ClassGroup group);

// The group of each class by rank of its count: the most frequent round(0.4 K) are many, the rarest
// round(0.3 K) few, the rest medium (4 / 3 / 3 of ten classes). Of equal counts the lower class
// index ranks first.
std::vector<ClassGroup> GroupClassesByRank(const std::vector<int64_t>& class_counts);

}  // namespace tailcast::data

#endif  // TAILCAST_CORE_DATA_CLASS_GROUPS_H_
