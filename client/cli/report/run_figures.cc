#include "client/cli/report/run_figures.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/json.h"
#include "core/base/status_macros.h"

namespace tailcast::report {
namespace {

using nlohmann::json;

constexpr int64_t kMaxInt = std::numeric_limits<int64_t>::max();
constexpr double kMaxNumber = std::numeric_limits<double>::max();

json ToJson(const ArmFigures& arm) {
  return {{"accuracy", arm.accuracy},
          {"many", arm.many},
          {"medium", arm.medium},
          {"few", arm.few},
          {"per_class", arm.per_class}};
}

json ToJson(const StreamFigures& stream) {
  return {{"address", stream.address},
          {"recipe", stream.recipe},
          {"rows", stream.rows},
          {"seconds", stream.seconds},
          {"validation_accuracy", stream.validation_accuracy}};
}

json ToJson(const PairedRows& paired) { return {{"gained", paired.gained}, {"lost", paired.lost}}; }

json ToJson(const Points& points) { return {{"x", points.x}, {"y", points.y}}; }

json ToJson(const ProjectedClass& projected) {
  return {{"training", ToJson(projected.training)},
          {"held_out", ToJson(projected.held_out)},
          {"generated", ToJson(projected.generated)}};
}

json ToJson(const DistanceFigures& distances) {
  return {
      {"rows", distances.rows}, {"quantiles", distances.quantiles}, {"copies", distances.copies}};
}

json ToJson(const ClassGroups& groups) {
  return {{"many", groups.many}, {"medium", groups.medium}, {"few", groups.few}};
}

template <typename Value>
json MapToJson(const std::map<std::string, Value>& values) {
  json object = json::object();
  for (const auto& [name, value] : values) object[name] = ToJson(value);
  return object;
}

// Where a member of a member lies, for messages.
std::string Inside(const std::string& what, const std::string& member) {
  return absl::StrCat(what, ", ", member);
}

absl::Status Expect(bool holds, const std::string& what, const std::string& expected) {
  if (holds) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(what, ": expected ", expected));
}

absl::StatusOr<ArmFigures> ParseArm(const json& object, const std::string& what) {
  JsonReader reader(object, what);
  ArmFigures arm;
  arm.accuracy = reader.Double("accuracy", 0, 100);
  arm.many = reader.Double("many", 0, 100);
  arm.medium = reader.Double("medium", 0, 100);
  arm.few = reader.Double("few", 0, 100);
  arm.per_class = reader.DoubleList("per_class");
  RETURN_IF_ERROR(reader.Finish());
  return arm;
}

absl::StatusOr<StreamFigures> ParseStream(const json& object, const std::string& what) {
  JsonReader reader(object, what);
  StreamFigures stream;
  stream.address = reader.String("address");
  stream.recipe = reader.String("recipe");
  stream.rows = reader.Int64("rows", 0, kMaxInt);
  stream.seconds = reader.Double("seconds", 0, kMaxNumber);
  stream.validation_accuracy = reader.DoubleList("validation_accuracy");
  RETURN_IF_ERROR(reader.Finish());
  return stream;
}

absl::StatusOr<PairedRows> ParsePaired(const json& object, const std::string& what) {
  JsonReader reader(object, what);
  PairedRows paired;
  paired.gained = reader.Int64("gained", 0, kMaxInt);
  paired.lost = reader.Int64("lost", 0, kMaxInt);
  RETURN_IF_ERROR(reader.Finish());
  return paired;
}

absl::StatusOr<Points> ParsePoints(const json& object, const std::string& what) {
  JsonReader reader(object, what);
  Points points = {.x = reader.DoubleList("x"), .y = reader.DoubleList("y")};
  RETURN_IF_ERROR(reader.Finish());
  RETURN_IF_ERROR(Expect(points.x.size() == points.y.size(), what, "as many x as y"));
  return points;
}

absl::StatusOr<ProjectedClass> ParseProjected(const json& object, const std::string& what) {
  JsonReader reader(object, what);
  const json training = reader.Object("training");
  const json held_out = reader.Object("held_out");
  const json generated = reader.Object("generated");
  RETURN_IF_ERROR(reader.Finish());
  ProjectedClass projected;
  ASSIGN_OR_RETURN(projected.training, ParsePoints(training, Inside(what, "training")));
  ASSIGN_OR_RETURN(projected.held_out, ParsePoints(held_out, Inside(what, "held_out")));
  ASSIGN_OR_RETURN(projected.generated, ParsePoints(generated, Inside(what, "generated")));
  return projected;
}

absl::StatusOr<DistanceFigures> ParseDistances(const json& object, const std::string& what) {
  JsonReader reader(object, what);
  DistanceFigures distances;
  distances.rows = reader.Int64("rows", 0, kMaxInt);
  distances.quantiles = reader.DoubleList("quantiles");
  distances.copies = reader.Int64("copies", 0, kMaxInt);
  RETURN_IF_ERROR(reader.Finish());
  RETURN_IF_ERROR(Expect(distances.quantiles.size() == kQuantileShares.size(), what,
                         absl::StrCat(kQuantileShares.size(), " quantiles")));
  return distances;
}

absl::StatusOr<double> ParseNumber(const json& value, const std::string& what) {
  RETURN_IF_ERROR(Expect(value.is_number(), what, "a number"));
  return value.get<double>();
}

absl::StatusOr<std::string> ParseText(const json& value, const std::string& what) {
  RETURN_IF_ERROR(Expect(value.is_string(), what, "a string"));
  return value.get<std::string>();
}

// An object whose members all have one form.
template <typename Value, typename Parse>
absl::Status ParseMap(const json& object, const std::string& what, Parse parse,
                      std::map<std::string, Value>& values) {
  for (const auto& [name, member] : object.items()) {
    ASSIGN_OR_RETURN(values[name], parse(member, absl::StrCat(what, " '", name, "'")));
  }
  return absl::OkStatus();
}

absl::StatusOr<ClassGroups> ParseGroups(const json& object, const std::string& what,
                                        int64_t num_classes) {
  JsonReader reader(object, what);
  ClassGroups groups;
  groups.many = reader.Int64List("many", 0, num_classes - 1);
  groups.medium = reader.Int64List("medium", 0, num_classes - 1);
  groups.few = reader.Int64List("few", 0, num_classes - 1);
  RETURN_IF_ERROR(reader.Finish());
  return groups;
}

absl::Status CheckLengths(const RunFigures& figures, const std::string& what) {
  const size_t num_classes = figures.class_counts.size();
  RETURN_IF_ERROR(Expect(num_classes > 0 && figures.class_names.size() == num_classes, what,
                         "as many class_names as class_counts, at least one"));
  for (const auto& [name, arm] : figures.arms) {
    RETURN_IF_ERROR(Expect(arm.per_class.size() == num_classes, Inside(what, name),
                           absl::StrCat("per_class with ", num_classes, " numbers")));
  }
  for (const auto& [name, projected] : figures.projection) {
    bool known = false;
    for (size_t k = 0; k < num_classes; ++k) known = known || absl::StrCat(k) == name;
    RETURN_IF_ERROR(
        Expect(known, absl::StrCat(what, ", projection '", name, "'"), "a class_index"));
  }
  for (const auto& [name, distances] : figures.distances) {
    const bool known = std::any_of(kDistanceSets.begin(), kDistanceSets.end(),
                                   [&](const DistanceSet& set) { return name == set.key; });
    RETURN_IF_ERROR(Expect(known, absl::StrCat(what, ", distances '", name, "'"),
                           "a set such as 'few/generated'"));
  }
  return absl::OkStatus();
}

void AddStreamMembers(const RunFigures& figures, json& object) {
  object["bundle"] = figures.bundle;
  object["bundle_digest"] = figures.bundle_digest;
  object["feature_space_digest"] = figures.feature_space_digest;
  object["address"] = figures.address;
  object["recipe"] = figures.recipe;
  object["plan"] = figures.plan;
  object["sampler"] = figures.sampler;
  object["rows_streamed"] = figures.rows_streamed;
  object["streams"] = MapToJson(figures.streams);
}

void ReadStreamMembers(JsonReader& reader, RunFigures& figures) {
  figures.bundle = reader.String("bundle");
  figures.bundle_digest = reader.String("bundle_digest");
  figures.feature_space_digest = reader.String("feature_space_digest");
  figures.address = reader.String("address");
  figures.recipe = reader.String("recipe");
  figures.plan = reader.String("plan");
  figures.sampler = reader.String("sampler");
  figures.rows_streamed = reader.Int64("rows_streamed", 0, kMaxInt);
}

// The members that hold one value or a plain list.
void ReadPlainMembers(JsonReader& reader, RunFigures& figures) {
  figures.dataset = reader.String("dataset");
  figures.class_names = reader.StringList("class_names");
  figures.class_counts = reader.Int64List("class_counts", 0, kMaxInt);
  figures.validation_rows = reader.Int64("validation_rows", 0, kMaxInt);
  figures.test_rows = reader.Int64("test_rows", 0, kMaxInt);
  figures.seed = reader.Int64("seed", 0, kMaxInt);
  figures.bias_shifts = reader.DoubleList("bias_shifts");
  figures.explained_shares = reader.DoubleList("explained_shares");
  figures.command = reader.String("command");
}

}  // namespace

json ToJson(const RunFigures& figures) {
  json object = {{"format", kFiguresFormat},
                 {"dataset", figures.dataset},
                 {"class_names", figures.class_names},
                 {"class_counts", figures.class_counts},
                 {"groups", ToJson(figures.groups)},
                 {"validation_rows", figures.validation_rows},
                 {"test_rows", figures.test_rows},
                 {"seed", figures.seed},
                 {"choices", figures.choices},
                 {"bias_shifts", figures.bias_shifts},
                 {"arms", MapToJson(figures.arms)},
                 {"paired", MapToJson(figures.paired)},
                 {"projection", MapToJson(figures.projection)},
                 {"explained_shares", figures.explained_shares},
                 {"distances", MapToJson(figures.distances)},
                 {"seconds", figures.seconds},
                 {"command", figures.command},
                 {"versions", figures.versions}};
  AddStreamMembers(figures, object);
  return object;
}

absl::StatusOr<RunFigures> ParseRunFigures(absl::string_view text, const std::string& what) {
  ASSIGN_OR_RETURN(const json object, ParseJson(text, what));
  JsonReader reader(object, what);
  const std::string format = reader.String("format");
  RunFigures figures;
  ReadPlainMembers(reader, figures);
  ReadStreamMembers(reader, figures);
  std::map<std::string, json> members;
  for (const char* member : {"groups", "streams", "choices", "arms", "paired", "projection",
                             "distances", "seconds", "versions"}) {
    members[member] = reader.Object(member);
  }
  RETURN_IF_ERROR(reader.Finish());
  RETURN_IF_ERROR(Expect(format == kFiguresFormat, Inside(what, "format"), kFiguresFormat));

  const int64_t num_classes = static_cast<int64_t>(figures.class_counts.size());
  ASSIGN_OR_RETURN(figures.groups,
                   ParseGroups(members["groups"], Inside(what, "groups"), num_classes));
  const auto parse = [&](const char* member, auto parse_value, auto& values) {
    return ParseMap(members[member], Inside(what, member), parse_value, values);
  };
  RETURN_IF_ERROR(parse("streams", ParseStream, figures.streams));
  RETURN_IF_ERROR(parse("choices", ParseText, figures.choices));
  RETURN_IF_ERROR(parse("arms", ParseArm, figures.arms));
  RETURN_IF_ERROR(parse("paired", ParsePaired, figures.paired));
  RETURN_IF_ERROR(parse("projection", ParseProjected, figures.projection));
  RETURN_IF_ERROR(parse("distances", ParseDistances, figures.distances));
  RETURN_IF_ERROR(parse("seconds", ParseNumber, figures.seconds));
  RETURN_IF_ERROR(parse("versions", ParseText, figures.versions));
  RETURN_IF_ERROR(CheckLengths(figures, what));
  return figures;
}

}  // namespace tailcast::report
