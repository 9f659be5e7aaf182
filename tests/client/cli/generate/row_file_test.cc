#include "client/cli/generate/row_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <cstring>
#include <fstream>

#include "core/base/files.h"
#include "core/io/safetensors.h"
#include "tests/client/cli/generate/fake_row_source.h"
#include "tests/client/cli/generate/test_folder.h"
#include "tests/client/library/fake_table.h"

namespace tailcast::generate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kStartRow = 40;
constexpr int64_t kRowCount = 100;

class RowFileTest : public ::testing::Test {
 protected:
  RowFileOptions Options(const std::string& name, const client::FakeTable& table) {
    RowFileOptions options;
    options.output = folder_.File(name);
    options.metadata = {{"address", "tc1-0"}};
    options.wanted.header = table.Header();
    options.wanted.start_row = kStartRow;
    options.wanted.row_count = kRowCount;
    options.sync_interval = absl::ZeroDuration();
    return options;
  }

  absl::Status Fill(RowFile& file, int64_t begin, int64_t end) {
    FakeRowSource source(table_);
    return source.Read(begin, end, [&](const RowBlock& block) { return file.Write(block); });
  }

  static absl::StatusOr<RowFile::Finished> Finish(RowFile& file) {
    return file.Finish([](int64_t) { return absl::OkStatus(); });
  }

  // The finished file as a whole.
  void ExpectWhole(const std::string& name) {
    const auto file = SafetensorsFile::Read(folder_.File(name));
    ASSERT_TRUE(file.ok()) << file.status();
    const auto features =
        file->Get("features", ElementType::kFloat32, {kRowCount, client::FakeTable::kDimension});
    const auto labels = file->Get("labels", ElementType::kInt64, {kRowCount});
    ASSERT_TRUE(features.ok() && labels.ok()) << features.status() << labels.status();
    const auto rows = client::FakeTable::Rows(ShardRows({}, kStartRow), 0, kRowCount);
    EXPECT_TRUE(features->data == table_.Payload(rows));
    std::vector<int64_t> classes(kRowCount);
    std::memcpy(classes.data(), labels->data.data(), labels->data.size());
    const std::vector<int32_t> expected = table_.Classes(rows);
    EXPECT_EQ(classes, std::vector<int64_t>(expected.begin(), expected.end()));
  }

  TestFolder folder_;
  client::FakeTable table_;
};

TEST_F(RowFileTest, BecomesTheFinishedFileWithAllRowsAndNothingElseStays) {
  auto file = RowFile::Open(Options("a.safetensors", table_));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT(folder_.Names(),
              ElementsAre("a.safetensors.partial", "a.safetensors.partial.ledger"));
  ASSERT_TRUE(Fill(*file, 40, 140).ok());
  const auto finished = Finish(*file);
  ASSERT_TRUE(finished.ok()) << finished.status();
  EXPECT_THAT(folder_.Names(), ElementsAre("a.safetensors"));
  ExpectWhole("a.safetensors");
  const ShardRows rows({}, kStartRow);
  EXPECT_EQ(finished->features_sha256,
            Sha256Of(table_.Payload(client::FakeTable::Rows(rows, 0, kRowCount))));
  EXPECT_EQ(finished->row_checksum_sum, table_.Summary(rows, 0, kRowCount).row_checksum_sum());
}

TEST_F(RowFileTest, TakesRowsInAnyOrderEachOnce) {
  auto file = RowFile::Open(Options("a.safetensors", table_));
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(Fill(*file, 100, 140).ok());
  ASSERT_TRUE(Fill(*file, 40, 50).ok());
  EXPECT_THAT(file->Missing(), ElementsAre(std::make_pair(50, 100)));
  EXPECT_EQ(Fill(*file, 49, 60).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Fill(*file, 139, 141).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(Fill(*file, 39, 41).code(), absl::StatusCode::kOutOfRange);
  EXPECT_FALSE(Finish(*file).ok());
  ASSERT_TRUE(Fill(*file, 50, 100).ok());
  EXPECT_THAT(file->Missing(), IsEmpty());
  ASSERT_TRUE(Finish(*file).ok());
  ExpectWhole("a.safetensors");
}

TEST_F(RowFileTest, GoesOnFromWhatAnEarlierRunLeft) {
  {
    auto file = RowFile::Open(Options("a.safetensors", table_));
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(Fill(*file, 40, 61).ok());
  }
  auto file = RowFile::Open(Options("a.safetensors", table_));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->row_count(), 21);
  EXPECT_THAT(file->Missing(), ElementsAre(std::make_pair(61, 140)));
  ASSERT_TRUE(Fill(*file, 61, 140).ok());
  ASSERT_TRUE(Finish(*file).ok());
  ExpectWhole("a.safetensors");
}

TEST_F(RowFileTest, RowsThatTheLedgerDoesNotNameAreWrittenAgain) {
  {
    RowFileOptions options = Options("a.safetensors", table_);
    options.sync_interval = absl::InfiniteDuration();  // as if killed before the next sync
    auto file = RowFile::Open(options);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(Fill(*file, 40, 61).ok());
  }
  auto file = RowFile::Open(Options("a.safetensors", table_));
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->row_count(), 0);
  ASSERT_TRUE(Fill(*file, 40, 140).ok());
  ASSERT_TRUE(Finish(*file).ok());
  ExpectWhole("a.safetensors");
}

TEST_F(RowFileTest, APartialFileOfAnotherAddressIsRefusedAndBothAreNamed) {
  ASSERT_TRUE(RowFile::Open(Options("a.safetensors", table_)).ok());
  const client::FakeTable other(2);
  const auto file = RowFile::Open(Options("a.safetensors", other));
  EXPECT_EQ(file.status().code(), absl::StatusCode::kFailedPrecondition);
  const std::string message(file.status().message());
  EXPECT_THAT(message, HasSubstr("a.safetensors.partial"));
  EXPECT_THAT(message, HasSubstr(ToHex(*DigestFromBytes(table_.Header().address()))));
  EXPECT_THAT(message, HasSubstr(ToHex(*DigestFromBytes(other.Header().address()))));
  EXPECT_THAT(message, HasSubstr("stream.bundle_digest"));
  EXPECT_THAT(message, HasSubstr("--fresh"));
  ASSERT_TRUE(RemovePartial(folder_.File("a.safetensors")).ok());
  EXPECT_TRUE(RowFile::Open(Options("a.safetensors", other)).ok());
}

TEST_F(RowFileTest, APartialFileOfAnotherRangeIsRefused) {
  ASSERT_TRUE(RowFile::Open(Options("a.safetensors", table_)).ok());
  RowFileOptions options = Options("a.safetensors", table_);
  options.wanted.row_count = kRowCount + 1;
  const auto file = RowFile::Open(options);
  EXPECT_EQ(file.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(file.status().message()),
              HasSubstr("is for rows [40, 140); expected rows [40, 141)"));
}

TEST_F(RowFileTest, ADamagedLedgerIsNamed) {
  ASSERT_TRUE(RowFile::Open(Options("a.safetensors", table_)).ok());
  std::ofstream(folder_.File("a.safetensors.partial.ledger")) << "{";
  const auto file = RowFile::Open(Options("a.safetensors", table_));
  EXPECT_EQ(file.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(file.status().message()), HasSubstr("a.safetensors.partial.ledger"));
}

TEST_F(RowFileTest, ALedgerIsReadUpToItsLimit) {
  const std::string path = folder_.File("a.safetensors.partial.ledger");
  std::string text = SerializeLedger(Options("a.safetensors", table_).wanted);
  text.resize(kMaxLedgerBytes, ' ');
  std::ofstream(path) << text;
  const auto ledger = ReadLedgerOf(folder_.File("a.safetensors"));
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  EXPECT_TRUE(ledger->has_value());
  std::ofstream(path, std::ios::app) << ' ';
  const absl::Status above = ReadLedgerOf(folder_.File("a.safetensors")).status();
  EXPECT_EQ(above.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(above.message()), HasSubstr(path));
  EXPECT_THAT(std::string(above.message()), HasSubstr("at most 67108864 bytes"));
}

TEST_F(RowFileTest, APartialFileOfAnotherSizeStartsAnew) {
  {
    auto file = RowFile::Open(Options("a.safetensors", table_));
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(Fill(*file, 40, 61).ok());
  }
  std::filesystem::resize_file(folder_.File("a.safetensors.partial"), 10);
  auto file = RowFile::Open(Options("a.safetensors", table_));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->row_count(), 0);
}

TEST_F(RowFileTest, TwoProcessesDoNotWriteTheSameFile) {
  const auto first = RowFile::Open(Options("a.safetensors", table_));
  ASSERT_TRUE(first.ok());
  const auto second = RowFile::Open(Options("a.safetensors", table_));
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("another process"));
  EXPECT_EQ(RemovePartial(folder_.File("a.safetensors")).code(), absl::StatusCode::kUnavailable);
}

TEST_F(RowFileTest, BytesThatChangedOnTheDiskAreSeen) {
  auto file = RowFile::Open(Options("a.safetensors", table_));
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(Fill(*file, 40, 140).ok());
  {
    std::fstream stream(folder_.File("a.safetensors.partial"),
                        std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(-1000, std::ios::end);
    stream.put('x');
  }
  const auto finished = Finish(*file);
  EXPECT_EQ(finished.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_FALSE(PathExists(folder_.File("a.safetensors")));
}

TEST_F(RowFileTest, NpyFilesAppearTogether) {
  auto file = RowFile::Open(Options("a.npy", table_));
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(Fill(*file, 40, 140).ok());
  EXPECT_THAT(folder_.Names(),
              ElementsAre("a.labels.npy.partial", "a.npy.partial", "a.npy.partial.ledger"));
  ASSERT_TRUE(Finish(*file).ok());
  EXPECT_THAT(folder_.Names(), ElementsAre("a.labels.npy", "a.npy"));
  const std::string features = *ReadFile(folder_.File("a.npy"));
  const auto rows = client::FakeTable::Rows(ShardRows({}, kStartRow), 0, kRowCount);
  EXPECT_EQ(features.substr(features.size() % 128 == 0 ? 128 : features.size() - 3200),
            table_.Payload(rows));
  EXPECT_THAT(features, HasSubstr("(100, 8)"));
}

TEST_F(RowFileTest, ARunThatStoppedBetweenTheRenamesIsFinished) {
  {
    auto file = RowFile::Open(Options("a.npy", table_));
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(Fill(*file, 40, 140).ok());
    ASSERT_TRUE(file->Sync().ok());
  }
  std::filesystem::rename(folder_.File("a.labels.npy.partial"), folder_.File("a.labels.npy"));
  for (int round = 0; round < 2; ++round) {
    auto file = RowFile::Open(Options("a.npy", table_));
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_THAT(file->Missing(), IsEmpty());
    if (round == 0) {
      file = absl::CancelledError();
      std::filesystem::rename(folder_.File("a.npy.partial"), folder_.File("a.npy"));
      continue;
    }
    ASSERT_TRUE(Finish(*file).ok());
  }
  EXPECT_THAT(folder_.Names(), ElementsAre("a.labels.npy", "a.npy"));
}

TEST_F(RowFileTest, OfTwoFilesAFinishedOneIsMadeAnewIfTheOtherIsLost) {
  {
    auto file = RowFile::Open(Options("a.npy", table_));
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(Fill(*file, 40, 140).ok());
    ASSERT_TRUE(file->Sync().ok());
  }
  std::filesystem::rename(folder_.File("a.labels.npy.partial"), folder_.File("a.labels.npy"));
  const std::string labels = *ReadFile(folder_.File("a.labels.npy"));
  std::filesystem::remove(folder_.File("a.npy.partial"));
  auto file = RowFile::Open(Options("a.npy", table_));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->row_count(), 0);
  EXPECT_EQ(ReadLedgerOf(folder_.File("a.npy"))->value().done.row_count(), 0);
  ASSERT_TRUE(Fill(*file, 40, 140).ok());
  ASSERT_TRUE(Finish(*file).ok());
  EXPECT_THAT(folder_.Names(), ElementsAre("a.labels.npy", "a.npy"));
  EXPECT_EQ(*ReadFile(folder_.File("a.labels.npy")), labels);
}

TEST_F(RowFileTest, TheCheckOfTheFileCanBeEndedAndRunAgain) {
  auto file = RowFile::Open(Options("a.safetensors", table_));
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(Fill(*file, 40, 140).ok());
  const auto stopped = file->Finish([](int64_t rows) {
    EXPECT_EQ(rows, kRowCount);
    return absl::CancelledError("interrupted");
  });
  EXPECT_EQ(stopped.status().code(), absl::StatusCode::kCancelled);
  EXPECT_FALSE(PathExists(folder_.File("a.safetensors")));
  ASSERT_TRUE(Finish(*file).ok());
  ExpectWhole("a.safetensors");
}

TEST_F(RowFileTest, AFullDiskIsNamedAndThePartialFileIsKept) {
  rlimit old_limit;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  auto* old_handler = signal(SIGXFSZ, SIG_IGN);
  auto file = RowFile::Open(Options("a.safetensors", table_));
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(Fill(*file, 40, 61).ok());
  rlimit limit = old_limit;
  limit.rlim_cur = 2000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  const absl::Status status = Fill(*file, 61, 140);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old_limit), 0);
  signal(SIGXFSZ, old_handler);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("a.safetensors.partial"));
  EXPECT_FALSE(PathExists(folder_.File("a.safetensors")));
  file = absl::CancelledError();
  auto again = RowFile::Open(Options("a.safetensors", table_));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->row_count(), 21);
}

TEST_F(RowFileTest, UnknownEndingsAreRefused) {
  EXPECT_EQ(RowFile::Open(Options("a.csv", table_)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tailcast::generate
