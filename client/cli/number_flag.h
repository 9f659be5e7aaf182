#ifndef TAILCAST_CLIENT_CLI_NUMBER_FLAG_H_
#define TAILCAST_CLIENT_CLI_NUMBER_FLAG_H_

#include <cstdint>
#include <string>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace tailcast::cli {

// What a flag accepts, ends included unless it says otherwise.
struct IntegerRange {
  int64_t min = 0;
  int64_t max = 0;
};
struct NumberRange {
  double min = 0;
  double max = 0;
  bool excludes_max = false;
};

// Ranges that several commands share.
inline constexpr IntegerRange kSeedRange = {0, INT64_MAX};
inline constexpr IntegerRange kThreadsRange = {1, 1024};

// Adds a flag with a number. Anything but a decimal number in the range is wrong usage, and so are
// NaN and infinity; the message names flag, value and range. `value` holds the default, which the
// help shows.
CLI::Option* AddIntegerFlag(CLI::App& command, const std::string& name, int64_t& value,
                            IntegerRange range, const std::string& description);
CLI::Option* AddNumberFlag(CLI::App& command, const std::string& name, double& value,
                           NumberRange range, const std::string& description);

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_NUMBER_FLAG_H_
