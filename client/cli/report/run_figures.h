#ifndef TAILCAST_CLIENT_CLI_REPORT_RUN_FIGURES_H_
#define TAILCAST_CLIENT_CLI_REPORT_RUN_FIGURES_H_

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace tailcast::report {

// What `tailcast retrain` leaves for `tailcast report`: the one definition of figures.json. Lists
// "by class" have K entries, index = class_index.

inline constexpr char kFiguresFormat[] = "tailcast.retrain.v1";

// Test accuracy of one arm, percent. A group's accuracy is the mean over its classes' rows.
struct ArmFigures {
  double accuracy = 0, many = 0, medium = 0, few = 0;
  std::vector<double> per_class;  // by class
};

// Classes by rank of their count.
struct ClassGroups {
  std::vector<int64_t> many, medium, few;
  bool operator==(const ClassGroups&) const = default;
};

// One stream that was taken, and how its refits did on validation data.
struct StreamFigures {
  std::string address, recipe;
  int64_t rows = 0;
  double seconds = 0;
  // Percent, one per bias shift; empty for a stream of which nothing is chosen.
  std::vector<double> validation_accuracy;
};

// Test rows on which LDMLR and another arm disagree.
struct PairedRows {
  int64_t gained = 0;  // LDMLR right, the other wrong
  int64_t lost = 0;    // LDMLR wrong, the other right
};

struct Points {
  std::vector<double> x, y;  // of equal length
};

// One class on the two principal components of the few classes' training rows.
struct ProjectedClass {
  Points training, held_out, generated;
};

// Euclidean distances in standardized features to the nearest training row (not counting the row
// itself), of any class.
struct DistanceFigures {
  int64_t rows = 0;
  // At the shares kQuantileShares.
  std::vector<double> quantiles;
  // Rows nearer than kCopyShare times the median distance between training rows.
  int64_t copies = 0;
};
inline constexpr std::array<double, 5> kQuantileShares = {0.05, 0.25, 0.50, 0.75, 0.95};
inline constexpr double kCopyShare = 0.01;

// Whose distances are taken, in the order in which they are shown.
struct DistanceSet {
  const char* key;
  const char* label;
  bool is_generated;
};
inline constexpr std::array<DistanceSet, 6> kDistanceSets = {{
    {"few/generated", "few: generated", true},
    {"few/held_out", "few: held out", false},
    {"few/training", "few: training", false},
    {"all/generated", "all: generated", true},
    {"all/held_out", "all: held out", false},
    {"all/training", "all: training", false},
}};

// One run of `tailcast retrain`.
struct RunFigures {
  std::string dataset;
  std::vector<std::string> class_names;
  std::vector<int64_t> class_counts;
  ClassGroups groups;
  int64_t validation_rows = 0, test_rows = 0;
  int64_t seed = 0;

  // NAME@VERSION.
  std::string bundle;
  std::string bundle_digest, feature_space_digest;  // 64 hexadecimal digits
  // Of the stream that LDMLR's arm uses.
  std::string address, recipe;
  std::string plan, sampler;
  // All streams together.
  int64_t rows_streamed = 0;
  // Keys: guidance as on the command line; kDataFreeStream.
  std::map<std::string, StreamFigures> streams;

  // Name -> value as text: what was chosen on validation data, and how.
  std::map<std::string, std::string> choices;
  std::vector<double> bias_shifts;

  std::map<std::string, ArmFigures> arms;
  // Control -> LDMLR against it.
  std::map<std::string, PairedRows> paired;

  // class_index as text -> points.
  std::map<std::string, ProjectedClass> projection;
  // Shares of the variance that the two components hold.
  std::vector<double> explained_shares;
  // Keys: those of kDistanceSets.
  std::map<std::string, DistanceFigures> distances;

  // Part of the work -> seconds.
  std::map<std::string, double> seconds;
  std::string command;
  // "tailcast", "commit", "libtorch".
  std::map<std::string, std::string> versions;
};

inline constexpr char kDataFreeStream[] = "data_free";

nlohmann::json ToJson(const RunFigures& figures);

// INVALID_ARGUMENT names `what` (a file, say), the member, its value and what was expected; also
// for lists whose lengths contradict each other.
absl::StatusOr<RunFigures> ParseRunFigures(absl::string_view text, const std::string& what);

}  // namespace tailcast::report

#endif  // TAILCAST_CLIENT_CLI_REPORT_RUN_FIGURES_H_
