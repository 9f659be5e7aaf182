#ifndef TAILCAST_CLIENT_CLI_GENERATE_ROW_FILE_H_
#define TAILCAST_CLIENT_CLI_GENERATE_ROW_FILE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/generate/ledger.h"
#include "client/cli/generate/output_layout.h"
#include "client/cli/generate/part_file.h"
#include "client/cli/generate/row_source.h"
#include "core/base/digest.h"

namespace tailcast::generate {

// The ledger of an unfinished `output`; nothing if there is none. INVALID_ARGUMENT, naming the
// file, if it cannot be read.
absl::StatusOr<std::optional<Ledger>> ReadLedgerOf(const std::string& output);

// Forgets what an earlier run left of `output`.
absl::Status RemovePartial(const std::string& output);

struct RowFileOptions {
  // Path of the finished file.
  std::string output;
  // Metadata of the finished file.
  Metadata metadata;
  // With the range; its `done` is ignored.
  Ledger wanted;
  // Data and ledger go to the disk so often.
  absl::Duration sync_interval = absl::Milliseconds(500);
};

// The file that rows are collected in: `OUTPUT.partial` with a ledger `OUTPUT.partial.ledger`,
// until it is complete, then `OUTPUT`; a short file never has the final name. After kill -9 or a
// full disk the ledger names rows that are in the file, at most `sync_interval` old. Not
// thread-safe.
class RowFile {
 public:
  // Goes on from what an earlier run left. FAILED_PRECONDITION, naming both, if that holds rows of
  // another address or range; UNAVAILABLE if another process writes it.
  static absl::StatusOr<RowFile> Open(RowFileOptions options);

  // Ranges of rows that are missing, ascending.
  std::vector<std::pair<int64_t, int64_t>> Missing() const;
  int64_t row_count() const { return ledger_.done.row_count(); }

  // ALREADY_EXISTS if a row is there; RESOURCE_EXHAUSTED if the disk is full.
  absl::Status Write(const RowBlock& block);
  // Data first, then the ledger.
  absl::Status Sync();

  struct Finished {
    Digest features_sha256;
    uint64_t row_checksum_sum = 0;
  };
  // Told how many rows were read back so far; its error ends the work, which may be long.
  using RowsChecked = absl::FunctionRef<absl::Status(int64_t rows)>;
  // Reads everything back, gives the files their final names. REQUIRES: nothing is missing.
  // DATA_LOSS if what is on the disk is not what was written.
  absl::StatusOr<Finished> Finish(RowsChecked rows_checked);

 private:
  RowFile(RowFileOptions options, OutputLayout layout);

  absl::Status OpenParts();
  // Whether each part has the size that its rows need.
  absl::StatusOr<bool> PartsAreWhole() const;
  // The parts are new, or not what the ledger speaks of: forgets every row.
  absl::Status BeginAnew();
  absl::Status WriteHeaders();
  absl::StatusOr<Finished> ReadBack(RowsChecked rows_checked) const;
  absl::Status GiveFinalNames();

  RowFileOptions options_;
  OutputLayout layout_;
  Ledger ledger_;
  std::vector<PartFile> parts_;  // as layout_.files
  // Files that have their final name already: an earlier run stopped between the renames.
  std::vector<bool> finished_;
  absl::Time last_sync_;
  std::vector<int64_t> rows_, labels_;
};

}  // namespace tailcast::generate

#endif  // TAILCAST_CLIENT_CLI_GENERATE_ROW_FILE_H_
