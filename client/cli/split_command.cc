#include "client/cli/split_command.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "client/cli/list_flag.h"
#include "client/cli/number_flag.h"
#include "client/cli/output_file.h"
#include "client/cli/phases.h"
#include "client/cli/split_images.h"
#include "client/cli/text_table.h"
#include "core/base/status_macros.h"
#include "core/data/image_dataset.h"
#include "core/data/long_tail_split.h"

namespace tailcast::cli {
namespace {

constexpr char kExample[] =
    "Example:\n"
    "  tailcast split --data /usr/share/datasets/fashion-mnist \\\n"
    "    --class-order 9,8,7,5,1,3,0,2,4,6 --output split.json";
constexpr IntegerRange kImagesRange = {0, int64_t{1} << 31};
constexpr NumberRange kImbalanceRange = {1, 1e6};

struct Flags {
  std::string data;
  std::string output;
  std::string class_order;
  data::LongTailOptions split;
};

CommandResult Describe(const data::LongTailSplit& split, const std::string& output) {
  std::vector<std::vector<std::string>> rows = {{"rank", "class", "name", "train", "validation"}};
  for (size_t rank = 0; rank < split.class_order.size(); ++rank) {
    const int64_t index = split.class_order[rank];
    rows.push_back({absl::StrCat(rank), absl::StrCat(index), split.class_names[index],
                    absl::StrCat(split.class_counts[index]),
                    absl::StrCat(split.validation_per_class)});
  }
  return {.json = {{"output", output},
                   {"dataset", split.dataset},
                   {"class_names", split.class_names},
                   {"class_order", split.class_order},
                   {"class_counts", split.class_counts},
                   {"train", split.train.size()},
                   {"validation", split.validation.size()},
                   {"data_digest", ToHex(split.data_digest)}},
          .text = absl::StrCat(TextTable(rows), "\n", split.train.size(), " training and ",
                               split.validation.size(), " validation images of ", split.dataset,
                               " in ", output)};
}

absl::StatusOr<CommandResult> Split(const Flags& flags, CommandContext& context) {
  RETURN_IF_ERROR(CheckOutputPath(flags.output, ImageInputs(flags.data, "")));
  data::LongTailOptions options = flags.split;
  if (!flags.class_order.empty()) {
    ASSIGN_OR_RETURN(options.class_order, ParseIntegerList("--class-order", flags.class_order));
  }
  Phases phases(context, 3);
  RETURN_IF_ERROR(phases.Begin("read images"));
  ASSIGN_OR_RETURN(const data::ImageDataset train,
                   data::ReadImageDataset(flags.data, data::DatasetPart::kTrain));
  RETURN_IF_ERROR(phases.Begin("choose images"));
  ASSIGN_OR_RETURN(const data::LongTailSplit split, data::MakeLongTailSplit(train, options));
  RETURN_IF_ERROR(phases.Begin("write split"));
  RETURN_IF_ERROR(data::WriteSplitFile(flags.output, split));
  phases.End();
  return Describe(split, flags.output);
}

}  // namespace

void AddSplitCommand(CLI::App& app, CommandRunner& runner) {
  auto flags = std::make_shared<Flags>();
  data::LongTailOptions& split = flags->split;
  CLI::App& command =
      *app.add_subcommand("split", "Choose a long-tailed training set and a validation set");
  command.footer(kExample);
  command.add_option("--data", flags->data, "Folder of the data set (IDX or CIFAR binary files)")
      ->required();
  command.add_option("--output", flags->output, "The split, a JSON file")->required();
  AddNumberFlag(command, "--imbalance-factor", split.imbalance_factor, kImbalanceRange,
                "Images of the first class over those of the last");
  AddIntegerFlag(command, "--validation-per-class", split.validation_per_class, kImagesRange,
                 "Images of each class to hold out first");
  command.add_option("--class-order", flags->class_order,
                     "Class indices, the most frequent first, such as 2,0,1 (default 0,1,2,...)");
  AddIntegerFlag(command, "--max-per-class", split.max_per_class, kImagesRange,
                 "Images of the first class; 0: all that validation leaves");
  AddIntegerFlag(command, "--seed", split.seed, kSeedRange, "Which images");
  runner.Bind(command, [flags](CommandContext& context) { return Split(*flags, context); });
}

}  // namespace tailcast::cli
