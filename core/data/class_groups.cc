#include "core/data/class_groups.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tailcast::data {
namespace {

constexpr double kManyShare = 0.4;
constexpr double kFewShare = 0.3;

}  // namespace

absl::string_view ClassGroupName(ClassGroup group) {
  switch (group) {
    case ClassGroup::kMany:
      return "many";
    case ClassGroup::kMedium:
      return "medium";
    case ClassGroup::kFew:
      return "few";
  }
  return "unknown";
}

std::vector<ClassGroup> GroupClassesByRank(const std::vector<int64_t>& class_counts) {
  const size_t num_classes = class_counts.size();
  std::vector<size_t> by_rank(num_classes);
  std::iota(by_rank.begin(), by_rank.end(), size_t{0});
  std::stable_sort(by_rank.begin(), by_rank.end(),
                   [&](size_t a, size_t b) { return class_counts[a] > class_counts[b]; });

  const auto share = [&](double of_all) {
    return static_cast<size_t>(std::lround(of_all * static_cast<double>(num_classes)));
  };
  const size_t many = share(kManyShare);
  const size_t few_from = num_classes - share(kFewShare);
  std::vector<ClassGroup> groups(num_classes, ClassGroup::kMedium);
  for (size_t rank = 0; rank < num_classes; ++rank) {
    if (rank < many) groups[by_rank[rank]] = ClassGroup::kMany;
    if (rank >= few_from) groups[by_rank[rank]] = ClassGroup::kFew;
  }
  return groups;
}

}  // namespace tailcast::data
